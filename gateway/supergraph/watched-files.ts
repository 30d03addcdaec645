import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import type { Log } from '../../kernel/log.ts'
import type { SupergraphFeed } from './supergraph-feed.ts'

export interface WatchedFilesOptions {
  /** How long a change must have settled before it is read, in milliseconds. Default 50. */
  readonly settleMs?: number
  /** How often the files are looked at where the system does not announce changes, in milliseconds. Default 1,000. */
  readonly pollMs?: number
  /** Default: nothing is logged. */
  readonly log?: Log
  /** Default: the system's. */
  readonly clock?: Clock
}

/** Makes a supergraph; rejects as `SupergraphFeed.read` does. Calls `uses` with every file that goes into it. */
export type ReadFiles = (uses: (path: string) => void) => Promise<string>

const defaults = { settleMs: 50, pollMs: 1_000 } as const

/** Supergraphs made of files, read again when one of those changes. Throws BAD_OPTION. */
export function watchedFiles(
  name: string,
  read: ReadFiles,
  options: WatchedFilesOptions = {},
): SupergraphFeed {
  const { settleMs, pollMs } = { ...defaults, ...options }
  for (const [option, value] of Object.entries({ settleMs, pollMs })) {
    if (!Number.isFinite(value) || value < 0) {
      throw new EnneadError('BAD_OPTION', `${option} must be a number >= 0, got ${value}`)
    }
  }
  return new WatchedFiles(name, read, options)
}

class WatchedFiles implements SupergraphFeed {
  readonly name: string
  readonly #readFiles: ReadFiles
  readonly #log: Log
  readonly #clock: Clock
  readonly #settleMs: number
  readonly #pollMs: number
  #changed: (() => void) | undefined
  #files: ReadonlySet<string> = new Set()
  readonly #folders = new Map<string, FSWatcher>()
  #seen = ''
  #settling: Timer | undefined
  #polling: Timer | undefined
  #closed = false

  constructor(name: string, read: ReadFiles, options: WatchedFilesOptions) {
    this.name = name
    this.#readFiles = read
    this.#settleMs = options.settleMs ?? defaults.settleMs
    this.#pollMs = options.pollMs ?? defaults.pollMs
    this.#log = options.log ?? silentLog
    this.#clock = options.clock ?? systemClock
  }

  async read(): Promise<string> {
    const used = new Set<string>()
    try {
      const text = await this.#readFiles(path => used.add(path))
      this.#files = used
      return text
    } catch (failure) {
      // Whatever is missing may come back, and what was used before may be what is missing.
      this.#files = new Set([...this.#files, ...used])
      throw failure
    } finally {
      if (this.#changed !== undefined) this.#watchFolders()
    }
  }

  watch(changed: () => void): void {
    this.#changed = changed
    this.#watchFolders()
    this.#poll()
  }

  close(): void {
    this.#closed = true
    this.#settling?.cancel()
    this.#polling?.cancel()
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** Folders are watched, not files: most tools replace a file by renaming another over it. */
  #watchFolders(): void {
    if (this.#closed) return
    const wanted = new Set([...this.#files].map(dirname))
    for (const [folder, watcher] of this.#folders) if (!wanted.has(folder)) this.#unwatch(folder, watcher)
    for (const folder of wanted) {
      if (this.#folders.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, (_kind, name) => {
          if (name === null || this.#uses(folder, name)) this.#settle()
        })
        this.#folders.set(folder, watcher)
        watcher.on('error', failure => {
          this.#log.warn('supergraph.watch', { folder, failure })
          this.#unwatch(folder, watcher)
        })
      } catch (failure) {
        // Polling goes on.
        this.#log.warn('supergraph.watch', { folder, failure })
      }
    }
  }

  #unwatch(folder: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#folders.get(folder) === watcher) this.#folders.delete(folder)
  }

  #uses(folder: string, name: string): boolean {
    for (const file of this.#files) if (dirname(file) === folder && basename(file) === name) return true
    return false
  }

  #poll(): void {
    this.#polling = this.#clock.after(this.#pollMs, () => {
      void this.#look().finally(() => {
        if (!this.#closed) this.#poll()
      })
    })
  }

  async #look(): Promise<void> {
    const states = await Promise.all([...this.#files].map(stateOf))
    const seen = states.join('\n')
    if (seen === this.#seen) return
    this.#seen = seen
    this.#settle()
  }

  #settle(): void {
    if (this.#closed) return
    this.#settling?.cancel()
    this.#settling = this.#clock.after(this.#settleMs, () => this.#changed?.())
  }
}

async function stateOf(path: string): Promise<string> {
  return stat(path).then(
    found => `${path} ${found.mtimeMs} ${found.size} ${found.ino}`,
    () => `${path} missing`,
  )
}
