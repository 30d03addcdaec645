import { BoundedCache } from '../../../kernel/bounded-cache.ts'
import { checkInteger } from '../../../kernel/check.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { fetchesOf } from '../../planning/plan.ts'
import type { Supergraph } from '../../supergraph/supergraph-facts.ts'
import type { PlannedOperation } from '../prepared.ts'
import type { Tree } from '../tree.ts'
import { rulesOf, writtenTypes } from './fetch-rules.ts'
import { checkedForgetting } from './forgotten.ts'
import type { Forgetting } from './forgotten.ts'
import { Overwrites } from './overwrites.ts'
import type { Answered } from './overwrites.ts'

export interface EntityCacheOptions {
  /** Entities and answers of root fields kept at most. Default 100,000. */
  readonly entriesMax?: number
  /** Bytes of all of them with their keys, at most; text counts two bytes a character. Default 64 MiB. */
  readonly bytesMax?: number
  /** How long after its age an answer may still be given when its subgraph fails, milliseconds; 0: never. Default 60,000. */
  readonly staleIfErrorMs?: number
}

const defaults = { entriesMax: 100_000, bytesMax: 64 * 1024 * 1024, staleIfErrorMs: 60_000 } as const

/** The options with their defaults. Throws BAD_OPTION. */
export function entityCacheOptions(given: EntityCacheOptions): Required<EntityCacheOptions> {
  const options = { ...defaults, ...given }
  checkInteger('entityCache.entriesMax', options.entriesMax, 1, 2 ** 31)
  checkInteger('entityCache.bytesMax', options.bytesMax, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('entityCache.staleIfErrorMs', options.staleIfErrorMs, 0, 2 ** 31)
  return options
}

/** Something a subgraph has answered, and until when it may be given. */
export interface Kept {
  /** JSON: whoever reads it gets objects of its own. */
  readonly text: string
  /** By the clock: since when it may not be true any more. */
  readonly asOf: number
  readonly freshUntil: number
  readonly staleUntil: number
}

interface Entry extends Kept, Answered {}

/** What of an entry is not its text or its key, bytes, about. */
const entryBytes = 200

/**
 * What subgraphs have answered and allowed to be kept: entities and answers of root fields, in this process. Nothing is given that
 * was asked for before a mutation through this gateway ended that wrote objects of its types, or before somebody wanted it forgotten.
 */
export class EntityCache {
  readonly #options: Required<EntityCacheOptions>
  readonly #clock: Clock
  readonly #entries: BoundedCache<Entry>
  readonly #overwrites = new Overwrites()
  /** Fetches of which something was kept. */
  readonly #cacheable = new BoundedCache<true>({ entriesMax: 100_000, sizeMax: 100_000 })

  /** Throws BAD_OPTION. */
  constructor(given: EntityCacheOptions, clock: Clock) {
    this.#options = entityCacheOptions(given)
    this.#clock = clock
    const { entriesMax, bytesMax } = this.#options
    this.#entries = new BoundedCache({ entriesMax, sizeMax: bytesMax })
  }

  get staleIfErrorMs(): number {
    return this.#options.staleIfErrorMs
  }

  get count(): number {
    return this.#entries.count
  }

  /** See `EntityCacheOptions.bytesMax`. */
  get bytes(): number {
    return this.#entries.size
  }

  now(): number {
    return this.#clock.now()
  }

  /** Writes that have ended, to be told to `keep`. */
  get writes(): number {
    return this.#overwrites.count
  }

  /**
   * Undefined: there is nothing that may be given in any case.
   * @param entity The representation it is asked with. Undefined: it is the answer of root fields.
   */
  get(key: string, entity: Tree | undefined): Kept | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.staleUntil > this.#clock.now() && !this.#overwrites.concern(entry, entity)) return entry
    this.#entries.delete(key)
    return undefined
  }

  /** Keeps what was asked for when `writes` had ended, in place of what was kept under the same key. */
  keep(key: string, fetch: string, entry: Entry, entity: Tree | undefined): void {
    if (this.#overwrites.concern(entry, entity)) return
    this.#entries.set(key, entry, (key.length + entry.text.length) * 2 + entryBytes)
    this.#cacheable.set(fetch, true, 1)
  }

  /** May something of what the operation fetches be kept? By what the supergraph says, or what subgraphs said before. */
  concerns({ plan, supergraph }: PlannedOperation): boolean {
    return fetchesOf(plan).some(node => {
      const rules = rulesOf(node, supergraph)
      if (this.#cacheable.get(rules.id) === true) return true
      const asked = node.requires === undefined ? [undefined] : rules.types
      return asked.some(type => rules.rule(type).maxAgeMs > 0)
    })
  }

  /** A mutation has ended, whatever became of it: what it may have changed is given no more. */
  written({ plan, supergraph }: PlannedOperation): void {
    const written: string[] = []
    const subgraphs: string[] = []
    for (const node of fetchesOf(plan)) {
      if (node.operationKind !== 'mutation') continue
      const types = writtenTypes(node, supergraph)
      if (types === undefined) subgraphs.push(node.serviceName)
      else written.push(...types)
    }
    this.#overwrites.written(written, subgraphs)
  }

  /** What `forgetting` names is given no more, not even when its subgraph fails. Throws BAD_USER_INPUT. */
  forget(forgetting: Forgetting, supergraph: Supergraph): void {
    this.#overwrites.forget(checkedForgetting(forgetting, supergraph))
  }
}
