import { readFile } from 'node:fs/promises'
import { systemClock } from '../kernel/clock.ts'
import type { Clock, Timer } from '../kernel/clock.ts'

export interface FollowFileOptions {
  /** What it held when it was read before. Default: nobody has read it, so that its first text is told as well. */
  readonly last?: string
  /** How often it is looked at, milliseconds. Default 1,000. */
  readonly everyMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

export interface FollowedFile {
  /** Looks at once. Resolves when what has changed was told. */
  readonly look: () => Promise<void>
  /** Nothing is told any more. */
  readonly stop: () => void
}

/**
 * Tells the text of a file whenever it is another one, with the text before, undefined the first time. A file that cannot be read
 * counts as empty.
 */
export function followFile(
  file: string,
  told: (text: string, before: string | undefined) => void,
  { last, everyMs = 1_000, clock = systemClock }: FollowFileOptions = {},
): FollowedFile {
  let known = last
  let timer: Timer | undefined
  let stopped = false
  const look = async (): Promise<void> => {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (stopped || text === known) return
    const before = known
    known = text
    told(text, before)
  }
  const wait = (): void => {
    timer = clock.after(everyMs, () => {
      void look().then(() => {
        if (!stopped) wait()
      })
    })
  }
  wait()
  return {
    look,
    stop() {
      stopped = true
      timer?.cancel()
    },
  }
}
