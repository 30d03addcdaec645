import type { Hop } from '../../kernel/hop.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { type BatchLoader, batchLoader } from '../service/batch-loader.ts'
import { demandOf } from './db-session.ts'
import type { ApiDomain } from './domain.ts'

/** Says for one request which objects exist for its viewer; all ids asked for in one tick are one question. */
export type Existence = BatchLoader<string, boolean>

/** Ids in one question to db or auth. */
const questionMax = 100

/** Whom no workspace is behind, nothing exists for. */
export function existence(domain: ApiDomain, hop: Hop): Existence {
  const { principal } = hop
  if (principal?.kind !== 'actor') return batchLoader(ids => Promise.resolve(ids.map(() => false)))
  return batchLoader(
    async ids => {
      const [objects, actors] = await Promise.all([
        known(ids, objectKinds, wanted => askDb(domain, principal, hop, wanted)),
        known(ids, actorKinds, wanted => domain.actors.known(principal.workspaceId, wanted, hop.signal)),
      ])
      return ids.map(id => objects.has(id) || actors.has(id))
    },
    id => id,
    questionMax,
  )
}

const objectKinds: ReadonlySet<string | undefined> = new Set(['Task', 'Project', 'Comment', 'Label'])
const actorKinds: ReadonlySet<string | undefined> = new Set(['User', 'ServiceAccount', 'Workspace'])

function known(
  ids: readonly string[],
  kinds: ReadonlySet<string | undefined>,
  ask: (ids: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<ReadonlySet<string>> {
  const wanted = ids.filter(id => kinds.has(kindOfGlobalId(id)))
  return wanted.length === 0 ? Promise.resolve(new Set<string>()) : ask(wanted)
}

function askDb(
  domain: ApiDomain,
  principal: ActorPrincipal,
  hop: Hop,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { remainingMs, signal, requestId } = hop
  const asked = { principal, ids, consistency: demandOf(hop) }
  return domain.channel.call('existing', asked, { remainingMs, signal, requestId })
}
