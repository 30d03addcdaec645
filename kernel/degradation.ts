/** What is known of an answer that is not known to be current. */
export interface Degradation {
  /** Who answered, e.g. `nosql`. */
  readonly agent: string
  /**
   * `stale`: it is known to lack changes. `unconfirmed`: it may lack some, because nobody who would know could be asked.
   * Subgraphs of others may have reasons of their own.
   */
  readonly reason: 'stale' | 'unconfirmed' | (string & {})
  /** It shows what was true so many milliseconds ago, or later. Undefined: a subgraph did not say. */
  readonly ageMs: number | undefined
  /** Changes it is known to lack. */
  readonly behind?: number
}

/** A path of a GraphQL answer. */
export type AnswerPath = readonly (string | number)[]

/** Everything at this path of an answer and below it may be degraded. The empty path is the whole answer. */
export interface DegradedPath extends Degradation {
  readonly path: AnswerPath
  /** The subgraph that said so. The gateway adds it. */
  readonly subgraph?: string
}

/** `extensions` of an answer with these marks, added to those it has; as they are when there are no marks. */
export function withMarks(
  extensions: Readonly<Record<string, unknown>> | undefined,
  marks: readonly DegradedPath[],
): Readonly<Record<string, unknown>> | undefined {
  if (marks.length === 0) return extensions
  const own = extensions?.['ennead']
  return { ...extensions, ennead: { ...(typeof own === 'object' ? own : {}), degraded: marks } }
}

/** What `extensions.ennead.degraded` of an answer holds, unchecked; empty when there is none. */
export function marksIn(extensions: unknown): readonly unknown[] {
  const degraded = member(member(extensions, 'ennead'), 'degraded')
  return Array.isArray(degraded) ? degraded : []
}

/**
 * The same marks, without those that another one of the same source covers, and at most `max`: when there are more, those
 * of one source become one at their common path. Nothing that was marked is unmarked by that.
 */
export function boundedMarks(marks: readonly DegradedPath[], max: number): readonly DegradedPath[] {
  const kept = uncovered(marks)
  if (kept.length <= max) return kept
  const bySource = Map.groupBy(kept, sourceOf)
  const summaries = Array.from(bySource.values(), group => group.reduce(together))
  if (summaries.length <= max) return summaries
  // Sources are agents; only a subgraph of others can name so many.
  return [{ ...summaries.reduce(together), agent: 'several' }]
}

function uncovered(marks: readonly DegradedPath[]): readonly DegradedPath[] {
  const kept = new Map<string, DegradedPath>()
  for (const mark of marks.toSorted((a, b) => a.path.length - b.path.length)) {
    const cover = coverOf(mark, kept) ?? JSON.stringify([sourceOf(mark), ...mark.path])
    const known = kept.get(cover)
    kept.set(cover, known === undefined ? mark : together(known, mark))
  }
  return [...kept.values()]
}

function coverOf(mark: DegradedPath, kept: ReadonlyMap<string, DegradedPath>): string | undefined {
  const source = sourceOf(mark)
  for (let length = 0; length <= mark.path.length; length++) {
    const key = JSON.stringify([source, ...mark.path.slice(0, length)])
    if (kept.has(key)) return key
  }
  return undefined
}

function sourceOf({ subgraph, agent, reason }: DegradedPath): string {
  return JSON.stringify([subgraph, agent, reason])
}

/** One mark for two, at the path they share. */
function together(one: DegradedPath, other: DegradedPath): DegradedPath {
  let shared = 0
  while (shared < one.path.length && one.path[shared] === other.path[shared]) shared++
  const { ageMs, behind, ...rest } = one
  const most = Math.max(behind ?? 0, other.behind ?? 0)
  return {
    ...rest,
    path: one.path.slice(0, shared),
    ageMs: ageMs === undefined || other.ageMs === undefined ? undefined : Math.max(ageMs, other.ageMs),
    ...(most === 0 ? {} : { behind: most }),
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  // Any non-null object can be read by names; what is found there is unknown.
  return (value as Readonly<Record<string, unknown>>)[name]
}
