import { enableCompileCache } from 'node:module'
import { pathToFileURL } from 'node:url'
import { EnneadError } from '../kernel/errors.ts'
import type { Command } from './command.ts'
import { exitCodeOf, failureLine } from './failure.ts'
import { makeObjectsYoung } from './memory.ts'

// Each command is loaded when it is asked for: `ennead token` should not pay for the planner.
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['start', async () => (await import('./commands/start.ts')).start],
  ['gateway', async () => (await import('./commands/gateway.ts')).gateway],
  ['subgraph', async () => (await import('./commands/subgraph.ts')).subgraph],
  ['dev', async () => (await import('./commands/dev.ts')).dev],
  ['compose', async () => (await import('./commands/compose.ts')).compose],
  ['supergraph', async () => (await import('./commands/supergraph.ts')).supergraph],
  ['cache', async () => (await import('./commands/cache.ts')).cache],
  ['check', async () => (await import('./commands/check.ts')).check],
  ['status', async () => (await import('./commands/status.ts')).status],
  ['token', async () => (await import('./commands/token.ts')).token],
  ['reliability', async () => (await import('./commands/reliability.ts')).reliability],
  ['chaos', async () => (await import('./commands/chaos.ts')).chaos],
  ['certs', async () => (await import('./commands/certs.ts')).certs],
  ['audit', async () => (await import('./commands/audit.ts')).audit],
  ['export', async () => (await import('./commands/export.ts')).exportCommand],
  ['import', async () => (await import('./commands/import.ts')).importCommand],
  ['doctor', async () => (await import('./commands/doctor.ts')).doctor],
  ['keys', async () => (await import('./commands/keys.ts')).keys],
  ['encryption', async () => (await import('./commands/encryption.ts')).encryption],
  ['migrate', async () => (await import('./commands/migrate.ts')).migrate],
  ['user', async () => (await import('./commands/user.ts')).user],
])

/** Runs `ennead <argv>` and sets the exit code, one of `exitCodes`. Failures are one line, without a stack. */
export async function main(argv: readonly string[]): Promise<void> {
  makeObjectsYoung()
  enableCompileCache()
  const [name, ...rest] = argv
  try {
    const load = commands.get(name ?? '')
    if (load !== undefined) process.exitCode = await (await load()).run(rest)
    else if (name === undefined || name === '--help' || name === 'help')
      process.stdout.write(await overview())
    else
      throw new EnneadError(
        'BAD_OPTION',
        `unknown command "${name}"; the commands are ${[...commands.keys()].join(', ')}`,
      )
  } catch (failure) {
    process.stderr.write(`${failureLine(failure)}\n`)
    process.exitCode = exitCodeOf(failure)
  }
}

async function overview(): Promise<string> {
  const lines = await Promise.all(
    [...commands].map(async ([name, load]) => `  ${name.padEnd(12)}${(await load()).summary}`),
  )
  return `Ennead: a GraphQL federation gateway with a task graph behind it.\n\nennead <command> [flags]\n\n${lines.join('\n')}\n\nennead <command> --help explains a command.\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
