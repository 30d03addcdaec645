import type { SourceLocation } from '../../composition/diagnostic.ts'
import { Declarations } from './declarations.ts'
import type { SchemaSource } from './schema-source.ts'

interface Version {
  readonly before: Declarations | undefined
  readonly after: Declarations | undefined
}

/**
 * Finds who made a change: from what clients see back to the lines of the subgraphs. Where one subgraph of several changed a
 * declaration, it is that one; where nobody's declaration changed, it is everyone's who has it.
 */
export class Tracer {
  readonly #subgraphs: readonly Version[]

  /** @param base Undefined: it is not known who declared what before. */
  constructor(base: readonly SchemaSource[] | undefined, next: readonly SchemaSource[]) {
    const before = new Map(base?.map(source => [source.subgraph, new Declarations(source)]))
    const after = new Map(next.map(source => [source.subgraph, new Declarations(source)]))
    const names = new Set([...after.keys(), ...before.keys()])
    this.#subgraphs = [...names].map(name => ({ before: before.get(name), after: after.get(name) }))
    this.#comparable = base !== undefined
  }

  readonly #comparable: boolean

  /**
   * The places of the change at `coordinate`, the one to look at first. For what is gone: where it was missing from now,
   * then where it stood. Empty when no text has anything to do with it.
   * @param others Coordinates by which it may be declared instead, e.g. that of an @interfaceObject for its implementations.
   */
  placesOf(coordinate: string, others: readonly string[] = []): readonly SourceLocation[] {
    const candidates = [coordinate, ...others, ...around(coordinate)]
    for (const at of candidates) {
      const changed = this.#changed(at)
      if (changed.length > 0) return changed.flatMap(version => placesIn(version, at))
    }
    for (const at of candidates) {
      const places = this.#subgraphs.flatMap(({ after }) => after?.placeOf(at) ?? [])
      if (places.length > 0) return places
    }
    return []
  }

  #changed(coordinate: string): readonly Version[] {
    if (!this.#comparable) return []
    return this.#subgraphs.filter(
      ({ before, after }) => before?.meaningOf(coordinate) !== after?.meaningOf(coordinate),
    )
  }
}

function placesIn({ before, after }: Version, coordinate: string): readonly SourceLocation[] {
  const now = after?.placeOf(coordinate)
  if (now !== undefined) return [now]
  const was = before?.placeOf(coordinate)
  const nearest = around(coordinate)
    .map(at => after?.placeOf(at))
    .find(place => place !== undefined)
  return [nearest, was].filter(place => place !== undefined)
}

/** What a coordinate is a part of, the nearest first: `Query.a(b:)` → `Query.a`, `Query`. */
function around(coordinate: string): readonly string[] {
  const inner = /^(.+?)(?:\([^)]*\)| implements .+| on .+)$/.exec(coordinate)?.[1]
  if (inner !== undefined) return [inner, ...around(inner)]
  const dot = coordinate.indexOf('.')
  return dot < 0 ? [] : [coordinate.slice(0, dot)]
}
