import type { Composition } from '../../composition/compose-from-config.ts'
import type { SupergraphFeed } from '../../gateway/supergraph/supergraph-feed.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { notComposed } from './compose-apart.ts'

/** A feed of what `offer` was given last. */
export class CompositionFeed implements SupergraphFeed {
  readonly name: string
  #latest: Composition | undefined
  #read: Composition | undefined
  #changed: () => void = () => undefined

  constructor(config: string) {
    this.name = `composition ${config}`
  }

  offer(composition: Composition): void {
    this.#latest = composition
    this.#changed()
  }

  read(): Promise<string> {
    const latest = this.#latest
    this.#read = latest
    if (latest?.ok === true) return Promise.resolve(latest.sdl)
    return Promise.reject(
      latest === undefined
        ? new EnneadError('COMPOSITION_FAILED', 'nothing was composed yet')
        : notComposed(latest.diagnostics),
    )
  }

  watch(changed: () => void): void {
    this.#changed = changed
    // What was offered between the first reading and now.
    if (this.#latest !== this.#read) changed()
  }

  close(): void {
    this.#changed = () => undefined
  }
}
