import { writtenPrincipal } from '../../../kernel/kept-principals.ts'
import { marksIn } from '../../../kernel/degradation.ts'
import type { ObserveGateway } from '../../gateway-events.ts'
import type { FetchNode } from '../../planning/plan.ts'
import type { Supergraph } from '../../supergraph/supergraph-facts.ts'
import type { Prepared } from '../prepared.ts'
import type { SubgraphContext, SubgraphResponse } from '../subgraph.ts'
import { isTree, own } from '../tree.ts'
import type { Tree } from '../tree.ts'
import { saidOfKeeping } from './cache-control.ts'
import type { EntityCache, Kept } from './entity-cache.ts'
import { rulesOf } from './fetch-rules.ts'
import type { FetchRules, KeepRule } from './fetch-rules.ts'

/** Headers by which a client says who it is. What is public is the same whatever they are. */
const credentials: ReadonlySet<string> = new Set(['authorization', 'cookie', 'x-api-key'])

/** Where an answer is kept: for everybody, and for whoever asks. */
export interface Keys {
  readonly shared: string
  readonly own: string
}

/** What is known of an answer before it is asked for. */
export interface Found {
  readonly keys: Keys
  /** The representation of an entity. Undefined: it is the answer of root fields. */
  readonly entity: Tree | undefined
  /** Undefined: nothing that may be given. */
  readonly kept: Kept | undefined
  readonly isFresh: boolean
}

/**
 * The cache as one request sees it; undefined where nothing may come from it: a mutation's or an event's answer shows what is, a
 * session must see its own writes, and of a principal that could only be believed nothing is known for sure.
 */
export function cacheView(
  cache: EntityCache | undefined,
  { kind, planned }: Prepared,
  context: SubgraphContext,
  observe?: ObserveGateway,
): CacheView | undefined {
  if (cache === undefined || kind !== 'query') return undefined
  const { caller, consistency, principal } = context
  if (caller !== undefined || consistency !== undefined) return undefined
  if (principal !== undefined && principal.kind !== 'service' && principal.asOf !== undefined)
    return undefined
  return new CacheView(cache, planned.supergraph, context, observe)
}

export class CacheView {
  readonly #cache: EntityCache
  readonly #supergraph: Supergraph
  readonly #observe: ObserveGateway | undefined
  /** Headers that are handed on, credentials aside. */
  readonly #shared: string
  /** Everything that subgraphs are told of who asks; of nobody in particular, the headers that are handed on. */
  readonly #own: string
  /** It can be told apart from everybody else. */
  readonly #identified: boolean

  constructor(
    cache: EntityCache,
    supergraph: Supergraph,
    { principal, headers, userAgent, address }: SubgraphContext,
    observe: ObserveGateway | undefined,
  ) {
    this.#cache = cache
    this.#supergraph = supergraph
    this.#observe = observe
    const names = Object.keys(headers).sort()
    const shown = names.filter(name => !credentials.has(name))
    this.#shared = JSON.stringify(shown.map(name => [name, headers[name]]))
    const who = principal && writtenPrincipal(principal).digest
    this.#identified = principal !== undefined || shown.length < names.length
    const told = this.#identified ? [who, userAgent, address] : []
    this.#own = JSON.stringify([told, names.map(name => [name, headers[name]])])
  }

  /** Writes that have ended; to be taken before something is asked for. */
  get writes(): number {
    return this.#cache.writes
  }

  get now(): number {
    return this.#cache.now()
  }

  /**
   * What is kept and not too old.
   * @param entity The representation of an entity. Undefined: root fields are asked.
   */
  fresh(node: FetchNode, variables: unknown, entity?: Tree): Found {
    const { id } = rulesOf(node, this.#supergraph)
    const asked = `${id}${JSON.stringify(entity === undefined ? [variables] : [variables, entity])}`
    const keys = { shared: `s${this.#shared}${asked}`, own: `o${this.#own}${asked}` }
    const now = this.#cache.now()
    const kept = this.#kept(keys, entity).find(({ freshUntil }) => freshUntil > now)
    return { keys, entity, kept, isFresh: kept !== undefined }
  }

  /** What may be given now that the subgraph has failed. */
  stale({ keys, entity }: Found): Found {
    const now = this.#cache.now()
    const [newest] = this.#kept(keys, entity).toSorted((a, b) => b.asOf - a.asOf)
    return { keys, entity, kept: newest, isFresh: newest !== undefined && newest.freshUntil > now }
  }

  /** Tells what came of `count` answers that the cache could have given. */
  tell(outcome: 'fresh' | 'stale' | 'kept', count: number): void {
    if (count > 0) this.#observe?.({ is: 'entityCache', outcome, count })
  }

  /** Keeps the answer to a fetch of root fields, where that is allowed. */
  keepRoot(node: FetchNode, found: Found, response: SubgraphResponse, asked: AskedAt): void {
    if (!isWhole(response) || !isTree(response.data)) return
    const rules = rulesOf(node, this.#supergraph)
    this.tell('kept', this.#keep(node, rules, rules.rule(undefined), found, response.data, response, asked))
  }

  /** Keeps those entities of an answer that were found, where that is allowed. */
  keepEntities(
    node: FetchNode,
    found: readonly Found[],
    representations: readonly Tree[],
    response: SubgraphResponse,
    asked: AskedAt,
  ): void {
    const entities = isTree(response.data) ? own(response.data, '_entities') : undefined
    if (!isWhole(response) || !Array.isArray(entities) || entities.length !== found.length) return
    const rules = rulesOf(node, this.#supergraph)
    let kept = 0
    for (const [index, each] of found.entries()) {
      const entity: unknown = entities[index]
      const type = isTree(entity)
        ? (own(entity, '__typename') ?? representations[index]?.['__typename'])
        : undefined
      if (typeof type === 'string') {
        kept += this.#keep(node, rules, rules.rule(type), each, entity, response, asked)
      }
    }
    this.tell('kept', kept)
  }

  #kept({ own, shared }: Keys, entity: Tree | undefined): readonly Kept[] {
    return [this.#cache.get(own, entity), this.#cache.get(shared, entity)].filter(each => each !== undefined)
  }

  /** How many it has kept. */
  #keep(
    { serviceName: subgraph }: FetchNode,
    { id, types, nested }: FetchRules,
    rule: KeepRule,
    { keys, entity }: Found,
    value: unknown,
    { http }: SubgraphResponse,
    { at, writes }: AskedAt,
  ): 0 | 1 {
    const said = http && saidOfKeeping(http)
    if (said?.keep === false) return 0
    const maxAgeMs = said?.maxAgeMs ?? rule.maxAgeMs
    const freshUntil = at + maxAgeMs - (said?.ageMs ?? 0)
    if (maxAgeMs <= 0 || freshUntil <= this.#cache.now()) return 0
    const isPrivate = rule.isPrivate || said?.scope === 'private'
    // Two who cannot be told apart must not get each other's.
    if (isPrivate && !this.#identified) return 0
    // RFC 9111, 3.5: an answer to somebody is for others only when it says so.
    const isPublic = said?.scope === 'public' || rule.maxAgeMs > 0
    const { staleIfErrorMs } = this.#cache
    const staleMs = Math.min(said?.staleIfErrorMs ?? staleIfErrorMs, staleIfErrorMs)
    const kept = {
      text: JSON.stringify(value),
      asOf: at - (said?.ageMs ?? 0),
      freshUntil,
      staleUntil: freshUntil + staleMs,
      subgraph,
      types,
      nested,
      writes,
    }
    this.#cache.keep(isPrivate || !isPublic ? keys.own : keys.shared, id, kept, entity)
    return 1
  }
}

/** When something was asked for. */
export interface AskedAt {
  /** By the clock. */
  readonly at: number
  readonly writes: number
}

/** Has the answer no errors, and nothing that is of the past already? */
function isWhole({ errors, extensions, http }: SubgraphResponse): boolean {
  if (http !== undefined && http.status >= 400) return false
  return (errors === undefined || errors.length === 0) && marksIn(extensions).length === 0
}
