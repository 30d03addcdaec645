import type { FetchNode } from '../../planning/plan.ts'
import type { Deadline } from '../deadline.ts'
import type { EarlierAnswers } from '../run.ts'
import type { SubgraphRequest, SubgraphResponse } from '../subgraph.ts'
import { copy, isTree, own, put } from '../tree.ts'
import type { Tree } from '../tree.ts'
import { alias } from './compile.ts'
import type { FetchSource } from './fetch-source.ts'
import type { Position } from './position.ts'
import type { FetchField } from './flat-plan.ts'

/** What the requests of a compiled query brought. */
export interface Replayed {
  /** By the fetches of the plan. */
  readonly sources: ReadonlyMap<FetchNode, FetchSource>
  /** What came for a batch, read anew; undefined: nothing that is GraphQL, or the place that gave it is to be asked again. */
  response(batch: number): Promise<Tree | undefined>
  /** The representations that a group of a batch was asked for, as JSON. */
  asked(batch: number, group: number): readonly string[]
}

/**
 * Answers fetches of the plan with what a compiled query has fetched before it surprised, so that nothing that was answered is
 * fetched twice. An answer to the whole request only, as a refusal is, is none: it may be one to the form of that request.
 */
export class Replay implements EarlierAnswers {
  readonly #replayed: Replayed
  readonly #deadline: Deadline

  /** @param deadline What has not come by then is asked for anew. */
  constructor(replayed: Replayed, deadline: Deadline) {
    this.#replayed = replayed
    this.#deadline = deadline
  }

  async answer(
    node: FetchNode,
    request: SubgraphRequest,
    ask: () => Promise<SubgraphResponse>,
  ): Promise<SubgraphResponse> {
    const source = this.#replayed.sources.get(node)
    const response = source && (await this.#response(source))
    if (source === undefined || response === undefined) return ask()
    return (
      (source.group === undefined
        ? rootPart(response, source)
        : this.#entities(response, source, source.group, request)) ?? ask()
    )
  }

  async #response({ batch }: FetchSource): Promise<Tree | undefined> {
    try {
      return await this.#deadline.within(this.#replayed.response(batch))
    } catch {
      // Its time is over, or the client has left: whoever asks anew says so.
      return undefined
    }
  }

  #entities(
    response: Tree,
    source: FetchSource,
    group: number,
    { variables = {} }: SubgraphRequest,
  ): SubgraphResponse | undefined {
    const { data } = response
    const found = isTree(data) ? own(data, alias(group)) : undefined
    const wanted = variables['representations']
    const asked = this.#replayed.asked(source.batch, group)
    if (!Array.isArray(found) || found.length !== asked.length || !Array.isArray(wanted)) return undefined
    const places = new Map(asked.map((text, at) => [identity(JSON.parse(text), source), at]))
    const parts = partsOf(response, path => (path[0] === alias(group) ? path.slice(1) : undefined))
    if (parts === undefined || parts.some(({ path }) => typeof path[0] !== 'number')) return undefined
    const byEntity = Map.groupBy(inOrder(parts, source.fields, 1), ({ path }) => path[0])
    const entities: unknown[] = []
    const placed: Placed[] = []
    for (const [index, representation] of wanted.entries()) {
      const key = identity(representation, source)
      const at = key === undefined ? undefined : places.get(key)
      if (at === undefined) return undefined
      const entity: unknown = found[at]
      const told = byEntity.get(at) ?? []
      // Nobody knows what a null that came of another fetch's field has emptied.
      if (!isTree(entity) && told.length > 0 && !source.alone) return undefined
      entities.push(isTree(entity) ? ownFields(entity, source) : null)
      for (const { path, ...rest } of told) {
        const [, ...inner] = path
        if (isOwn(inner, source)) placed.push({ ...rest, path: ['_entities', index, ...inner] })
      }
    }
    return assembled({ _entities: entities }, placed)
  }
}

function rootPart(response: Tree, source: FetchSource): SubgraphResponse | undefined {
  const { data } = response
  const parts = partsOf(response, path => path)
  if (parts === undefined) return undefined
  if (isTree(data)) {
    return assembled(
      ownFields(data, source),
      inOrder(parts, source.fields, 0).filter(({ path }) => isOwn(path, source)),
    )
  }
  // A null that went up to the root: of this fetch, if there is no other.
  return data === null && source.alone && parts.length > 0 ? assembled(null, parts) : undefined
}

type Step = string | number

/** An error or a mark of degradation, and its place in the answer. */
interface Placed {
  readonly is: 'error' | 'mark'
  readonly path: readonly Step[]
  readonly entry: Tree
}

/**
 * The errors and marks of a response for which `place` finds a place; undefined when some have no path, since they may be of
 * anything that was asked with it.
 */
function partsOf(
  response: Tree,
  place: (path: readonly Step[]) => readonly Step[] | undefined,
): readonly Placed[] | undefined {
  const extensions = own(response, 'extensions')
  const ours = isTree(extensions) ? own(extensions, 'ennead') : undefined
  const marks = isTree(ours) ? own(ours, 'degraded') : undefined
  const placed: Placed[] = []
  for (const [is, entries] of [
    ['error', own(response, 'errors') ?? []],
    ['mark', marks ?? []],
  ] as const) {
    if (!Array.isArray(entries)) return undefined
    for (const entry of entries as readonly unknown[]) {
      const path = isTree(entry) ? own(entry, 'path') : undefined
      if (!isTree(entry) || !isPath(path)) return undefined
      const found = place(path)
      if (found !== undefined) placed.push({ is, path: found, entry })
    }
  }
  return placed
}

/**
 * The parts in the order of the fields that the fetch asks for, in which it would have been told of them.
 * @param from Steps of each path that stand before a field of `fields`.
 */
function inOrder(parts: readonly Placed[], fields: readonly FetchField[], from: number): readonly Placed[] {
  if (parts.length < 2) return parts
  const ranks = new Map(parts.map(part => [part, ranksOf(part.path.slice(from), fields)]))
  return parts.toSorted((one, other) => {
    const [a = [], b = []] = [ranks.get(one), ranks.get(other)]
    const at = a.findIndex((rank, index) => rank !== b[index])
    return at < 0 || b[at] === undefined ? a.length - b.length : (a[at] ?? 0) - b[at]
  })
}

function ranksOf(path: readonly Step[], fields: readonly FetchField[]): readonly number[] {
  let inner = fields
  return path.map(step => {
    if (typeof step === 'number') return step
    const rank = inner.findIndex(({ key }) => key === step)
    inner = inner[rank]?.fields ?? []
    return rank
  })
}

function assembled(data: Tree | null, parts: readonly Placed[]): SubgraphResponse {
  const entries = (wanted: Placed['is']): readonly Tree[] =>
    parts.filter(({ is }) => is === wanted).map(({ path, entry }) => ({ ...entry, path }))
  const [errors, degraded] = [entries('error'), entries('mark')]
  return {
    data,
    // As unchecked as what subgraphs send.
    ...(errors.length === 0 ? {} : { errors: errors as unknown as SubgraphResponse['errors'] & object }),
    ...(degraded.length === 0 ? {} : { extensions: { ennead: { degraded } } }),
  }
}

/** The fields of an object that the fetch asks for, with the names of types, which compiled queries know without asking. */
function ownFields(object: Tree, { fields, position }: FetchSource): Tree {
  return typed(object, fields, position)
}

function typed(object: Tree, fields: readonly FetchField[], position: Position): Tree {
  const result: Tree = {}
  for (const { key, name, fields: inner } of fields) {
    if (name === '__typename') {
      put(result, key, position.type.name)
      continue
    }
    if (!Object.hasOwn(object, key)) continue
    const child = position.fields.get(key)?.child
    const value = own(object, key)
    put(result, key, inner === undefined || child === undefined ? copy(value) : below(value, inner, child))
  }
  return result
}

function below(value: unknown, fields: readonly FetchField[], child: Position): unknown {
  if (Array.isArray(value)) return value.map(item => below(item, fields, child))
  return isTree(value) ? typed(value, fields, child) : value
}

/** Is what stands at `path`, from an object of the fetch, of the fetch? */
function isOwn([key]: readonly Step[], { fields }: FetchSource): boolean {
  return key === undefined || fields.some(field => field.key === key)
}

/** What tells entities apart for this fetch; undefined when some of it is missing. */
function identity(representation: unknown, { requires, position }: FetchSource): string | undefined {
  if (!isTree(representation) || own(representation, '__typename') !== position.type.name) return undefined
  if (!requires.every(name => Object.hasOwn(representation, name))) return undefined
  return JSON.stringify(requires.map(name => own(representation, name)))
}

function isPath(path: unknown): path is readonly Step[] {
  return (
    Array.isArray(path) &&
    path.length > 0 &&
    path.every(step => typeof step === 'string' || typeof step === 'number')
  )
}
