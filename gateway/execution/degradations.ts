import { type AnswerPath, type DegradedPath, boundedMarks } from '../../kernel/degradation.ts'
import { isTree, own } from './tree.ts'
import type { Tree } from './tree.ts'

/** Marks in one answer. More become one for each source, at the path that all of its marks share. */
const marksMax = 100
/** Marks taken from one answer of a subgraph; one that sends more has its whole answer marked. */
const marksTakenMax = 1_000
/** Longest word of a subgraph that is handed on. */
const wordLengthMax = 64

/**
 * The marks of one answer, in the names of the plan: places whose values are not known to be current. A mark covers its
 * place and everything below it. Nothing that was marked gets lost: what is too much is made coarser.
 */
export class Degradations {
  readonly #clientName: (name: string) => string
  #marks: readonly DegradedPath[] = []

  constructor(clientName: (name: string) => string) {
    this.#clientName = clientName
  }

  add(mark: DegradedPath): void {
    const marks = [...this.#marks, mark]
    this.#marks = marks.length > marksMax ? boundedMarks(marks, marksMax) : marks
  }

  /** What stands at `derived` was computed from values at places that are `used`: their marks are its marks as well. */
  derive(used: (marked: AnswerPath) => boolean, derived: () => readonly AnswerPath[]): void {
    for (const mark of this.#marks) {
      if (!used(mark.path)) continue
      for (const path of derived()) this.add({ ...mark, path })
    }
  }

  /**
   * The marks of the client's answer `data`, at most 100. Where a null stands in the way, the null is marked: what became
   * of a degraded value is degraded. Places that the client did not ask for are left out.
   */
  list(data: Readonly<Tree> | null): readonly DegradedPath[] {
    if (this.#marks.length === 0) return this.#marks
    const shown = this.#marks.flatMap(mark => {
      const path = placeIn(data, mark.path, this.#clientName)
      return path === undefined ? [] : [{ ...mark, path }]
    })
    return boundedMarks(shown, marksMax)
  }
}

/** What a subgraph says of its answer, whatever it has put there. An entry that cannot be read marks the whole answer. */
export function readMarks(entries: readonly unknown[], subgraph: string): readonly DegradedPath[] {
  const marks = entries.slice(0, marksTakenMax).map(entry => readMark(entry, subgraph))
  const [first] = marks
  return first !== undefined && entries.length > marksTakenMax ? [...marks, { ...first, path: [] }] : marks
}

function readMark(entry: unknown, subgraph: string): DegradedPath {
  const { path, agent, reason, ageMs, behind } = isTree(entry) ? entry : ({} satisfies Tree)
  return {
    path: Array.isArray(path) && path.every(isStep) ? path : [],
    subgraph,
    agent: isWord(agent) ? agent : 'unknown',
    reason: isWord(reason) ? reason : 'stale',
    ageMs: isCount(ageMs) ? ageMs : undefined,
    ...(isCount(behind) ? { behind } : {}),
  }
}

function isStep(value: unknown): value is string | number {
  return typeof value === 'string' || isCount(value)
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= wordLengthMax
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

export function startsWith(path: AnswerPath, start: AnswerPath): boolean {
  return start.every((step, index) => path[index] === step)
}

/**
 * `path` in the client's names, as far as `data` goes: up to a null, a leaf, or the end of a list. Undefined when it leads
 * to a field that the client did not ask for.
 */
function placeIn(
  data: Readonly<Tree> | null,
  path: AnswerPath,
  clientName: (name: string) => string,
): AnswerPath | undefined {
  const place: (string | number)[] = []
  let value: unknown = data
  for (const step of path) {
    const key = typeof step === 'string' ? clientName(step) : step
    if (isTree(value) && typeof key === 'string') {
      if (!Object.hasOwn(value, key)) return undefined
      value = own(value, key)
    } else if (Array.isArray(value) && typeof key === 'number' && key < value.length) value = value[key]
    else return place
    place.push(key)
  }
  return place
}
