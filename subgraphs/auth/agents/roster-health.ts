import type { AgentHealth, DomainHealth } from '../../../kernel/health.ts'
import type { Directories } from '../directory/directories.ts'
import type { Roster } from './roster.ts'

/** Of the domain: a provider that is away keeps nobody from signing in with a password, so it does not decide about readiness. */
export function healthOf(
  own: DomainHealth,
  foreign: DomainHealth | undefined,
  directories: Directories,
  roster: Roster,
): DomainHealth {
  const agents = [...own.agents, ...(foreign?.agents ?? [])]
  return { ...own, agents: agents.map(agent => withFailure(agent, directories, roster)) }
}

/**
 * The agent's health with what its dispatcher cannot know: it only knows of calls, and a directory that is not open is failing
 * before the first one.
 */
function withFailure(agent: AgentHealth, directories: Directories, roster: Roster): AgentHealth {
  const replica = directories.replicas.find(({ name }) => name === agent.name)
  const detail =
    replica?.failure?.message ?? (replica === undefined || replica.current ? undefined : 'catching up')
  if (detail !== undefined) return { ...agent, state: agent.state === 'open' ? 'open' : 'failing', detail }
  const provider = agent.name === 'oauth' ? roster.foreign?.failure() : undefined
  return provider instanceof Error ? { ...agent, detail: provider.message } : agent
}
