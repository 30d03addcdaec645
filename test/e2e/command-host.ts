// The process behind warm-commands.ts: runs one command after another, as the command line does with a process for each.
import { main } from '../../cli/main.ts'
import type { CommandAsked } from './warm-commands.ts'
import type { EndedProcess } from './running-ennead.ts'

type Write = typeof process.stdout.write

/** What is written to a stream while `work` runs. */
async function written(stream: { write: Write }, work: () => Promise<void>): Promise<string> {
  const { write } = stream
  let text = ''
  stream.write = (chunk: Uint8Array | string, ...rest: readonly unknown[]) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    const told = rest.at(-1)
    if (typeof told === 'function') queueMicrotask(() => void told())
    return true
  }
  await work().finally(() => (stream.write = write))
  return text
}

function exitCode(): number {
  return Number(process.exitCode ?? 0)
}

async function run({ argv, cwd, environment }: CommandAsked): Promise<EndedProcess> {
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
  Object.assign(process.env, environment)
  process.exitCode = undefined
  let stderr = ''
  const stdout = await written(process.stdout, async () => {
    stderr = await written(process.stderr, () => main(argv))
  })
  const code = exitCode()
  process.exitCode = undefined
  return { code, stdout, stderr }
}

// warm-commands.ts sends nothing else, one at a time.
process.on('message', (asked: CommandAsked) => void run(asked).then(ended => process.send?.(ended)))
process.on('disconnect', () => process.exit())
