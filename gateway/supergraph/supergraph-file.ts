import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import type { Log } from '../../kernel/log.ts'
import type { SupergraphSource } from './supergraph-source.ts'
import { loadSupergraph } from './supergraph.ts'
import type { Supergraph } from './supergraph.ts'

export interface SupergraphFileOptions {
  /** How long a change must have settled before it is read, in milliseconds. Default 50. */
  readonly settleMs?: number
  /** How often the file is looked at where the system does not announce changes, in milliseconds. Default 1,000. */
  readonly pollMs?: number
  /** Default: nothing is logged. */
  readonly log?: Log
  /** Default: the system's. */
  readonly clock?: Clock
}

const defaults = { settleMs: 50, pollMs: 1_000 } as const

/**
 * A supergraph from a file, replaced whenever the file holds another valid one. A bad file never replaces a good one:
 * `refused()` says why it was not taken. Rejects with SUPERGRAPH_INVALID when the first one cannot be used.
 */
export async function watchSupergraphFile(
  path: string,
  options: SupergraphFileOptions = {},
): Promise<SupergraphSource> {
  for (const [name, value] of Object.entries({
    settleMs: options.settleMs ?? 0,
    pollMs: options.pollMs ?? 1,
  })) {
    if (!Number.isFinite(value) || value < 0) {
      throw new EnneadError('BAD_OPTION', `${name} must be a number >= 0, got ${value}`)
    }
  }
  const text = await readSupergraph(path)
  return new WatchedFile(path, text, loadSupergraph(text), options)
}

class WatchedFile implements SupergraphSource {
  readonly #path: string
  readonly #log: Log
  readonly #clock: Clock
  readonly #settleMs: number
  readonly #pollMs: number
  #watcher: FSWatcher | undefined
  #settling: Timer | undefined
  #polling: Timer | undefined
  #reading: Promise<void> = Promise.resolve()
  #seenText: string
  #seenStat = ''
  #current: Supergraph
  #refused: string | undefined
  #closed = false

  constructor(path: string, text: string, supergraph: Supergraph, options: SupergraphFileOptions) {
    this.#path = path
    this.#seenText = text
    this.#current = supergraph
    this.#settleMs = options.settleMs ?? defaults.settleMs
    this.#pollMs = options.pollMs ?? defaults.pollMs
    this.#log = options.log ?? silentLog
    this.#clock = options.clock ?? systemClock
    this.#watch()
    this.#poll()
  }

  current(): Supergraph {
    return this.#current
  }

  refused(): string | undefined {
    return this.#refused
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watcher?.close()
    this.#settling?.cancel()
    this.#polling?.cancel()
    await this.#reading
  }

  /** The folder is watched, not the file: most tools replace a file by renaming another over it. */
  #watch(): void {
    const name = basename(this.#path)
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_kind, changed) => {
        if (changed === null || changed === name) this.#changed()
      })
      this.#watcher.on('error', failure => {
        this.#log.warn('supergraph.watch', { path: this.#path, failure })
        this.#watcher?.close()
      })
    } catch (failure) {
      // Polling goes on.
      this.#log.warn('supergraph.watch', { path: this.#path, failure })
    }
  }

  #poll(): void {
    this.#polling = this.#clock.after(this.#pollMs, () => {
      void this.#look().finally(() => {
        if (!this.#closed) this.#poll()
      })
    })
  }

  async #look(): Promise<void> {
    const seen = await stat(this.#path).then(
      found => `${found.mtimeMs} ${found.size} ${found.ino}`,
      () => 'missing',
    )
    if (seen === this.#seenStat) return
    this.#seenStat = seen
    this.#changed()
  }

  #changed(): void {
    if (this.#closed) return
    this.#settling?.cancel()
    this.#settling = this.#clock.after(this.#settleMs, () => {
      this.#reading = this.#reading.then(() => this.#read())
    })
  }

  async #read(): Promise<void> {
    if (this.#closed) return
    try {
      const text = await readSupergraph(this.#path)
      // Touching the file, or putting the good one back, changes nothing but the verdict.
      if (text === this.#seenText) return
      this.#seenText = text
      if (text !== this.#current.sdl) this.#current = loadSupergraph(text)
      this.#refused = undefined
      this.#log.info('supergraph.loaded', { path: this.#path, hash: this.#current.hash })
    } catch (failure) {
      this.#refused = failure instanceof EnneadError ? failure.message : 'it cannot be used'
      this.#log.error('supergraph.refused', { path: this.#path, failure, kept: this.#current.hash })
    }
  }
}

async function readSupergraph(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (failure) {
    throw new EnneadError('SUPERGRAPH_INVALID', `the supergraph file ${path} cannot be read`, {
      cause: failure,
    })
  }
}
