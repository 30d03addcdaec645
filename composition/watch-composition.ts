import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { sleep, systemClock } from '../kernel/clock.ts'
import type { Clock } from '../kernel/clock.ts'
import { composeSources } from './compose-from-config.ts'
import type { ComposeSchemas, Composition } from './compose-from-config.ts'
import { readSources } from './read-sources.ts'
import type { ReadSourcesOptions } from './read-sources.ts'

export interface WatchCompositionOptions extends ReadSourcesOptions {
  /** How often files are looked at, in milliseconds. Default 200. */
  readonly pollMs?: number
  /** How often other servers are asked for their schemas, in milliseconds. Default 2,000. */
  readonly remotePollMs?: number
  /** Default: in this thread. */
  readonly compose?: ComposeSchemas
  /** Default: the system's. */
  readonly clock?: Clock
  /** Ends watching. */
  readonly signal: AbortSignal
}

/** How long files must stay as they are before they are read, and how often that is waited for at most. */
const settleMs = 50
const settleLooksMax = 20
const defaults = { pollMs: 200, remotePollMs: 2_000 } as const

/**
 * Composes a configuration now and whenever it, a file it names or a schema of another server changes, until the signal
 * aborts. `told` gets the first result and every one that differs from the one before; the next change is looked for when
 * it has settled. Files are looked at rather than listened to: that works in containers, on network drives, and with
 * editors that replace files.
 */
export async function watchComposition(
  path: string,
  options: WatchCompositionOptions,
  told: (composition: Composition) => void | Promise<void>,
): Promise<void> {
  const { signal, clock = systemClock, pollMs, remotePollMs } = { ...defaults, ...options }
  let readHash = ''
  let files: readonly string[] = []
  while (!signal.aborted) {
    const asked = clock.now()
    // Before reading, so that what changes meanwhile is seen; a file not looked at before counts as changed.
    const seen = await marks(files)
    try {
      const sources = await readSources(path, options)
      files = sources.files
      const hash = hashOf(sources)
      if (hash !== readHash) {
        readHash = hash
        await told(await composeSources(sources, options.compose))
      }
      const again = (): boolean => sources.remote && clock.now() - asked >= remotePollMs
      do await sleep(clock, pollMs, signal)
      while (!again() && !differ(seen, await marks(files)))
      await settled(files, clock, signal)
    } catch (failure) {
      if (signal.aborted) return
      throw failure
    }
  }
}

/** Many tools empty a file and then write it: what is between is nobody's schema. */
async function settled(files: readonly string[], clock: Clock, signal: AbortSignal): Promise<void> {
  for (let looks = 0; looks < settleLooksMax; looks++) {
    const before = await marks(files)
    await sleep(clock, settleMs, signal)
    if (!differ(before, await marks(files))) return
  }
}

async function marks(files: readonly string[]): Promise<Map<string, string>> {
  const found = await Promise.all(
    files.map(async file => {
      const mark = await stat(file).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => 'missing',
      )
      return [file, mark] as const
    }),
  )
  return new Map(found)
}

function differ(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return [...b].some(([file, mark]) => a.get(file) !== mark)
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64')
}
