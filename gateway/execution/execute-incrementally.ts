import { withSession } from '../../kernel/consistency.ts'
import { withMarks } from '../../kernel/degradation.ts'
import type { AnswerError, IncrementalAnswer, IncrementalPart } from '../engine.ts'
import type { DeferredPart } from '../planning/plan.ts'
import { Completion } from './complete.ts'
import type { DeferredObject } from './complete.ts'
import { startDeadline } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import { completed, startRun } from './execute.ts'
import type { ExecutionTools } from './execute.ts'
import { excludedPlaces } from './excluded-places.ts'
import type { Failures } from './failures.ts'
import { identityMark } from './identity-mark.ts'
import { introspect } from './introspect.ts'
import type { Prepared } from './prepared.ts'
import { type Run, sessionOf } from './run.ts'
import type { SubgraphContext } from './subgraph.ts'
import type { Path } from './target.ts'
import { isTree, own } from './tree.ts'
import type { Tree } from './tree.ts'
import { walk } from './walk.ts'

/**
 * Runs an operation of which parts are deferred: first what is not, within `context.remainingMs`; then each part as soon as it
 * is there, within `deferredMs` for all of them. What did not come in time is missing, with an error at its place. Parts run
 * after what their objects come from, and side by side.
 */
export async function* executeIncrementally(
  prepared: Prepared,
  context: SubgraphContext,
  deferredMs: number,
  tools: ExecutionTools,
): AsyncGenerator<IncrementalAnswer, void> {
  const execution = new IncrementalExecution(prepared, context, tools)
  yield await execution.first()
  const deadline = startDeadline(tools.clock, deferredMs, context.signal)
  try {
    for (let next = execution.next(deadline); next !== undefined; next = execution.next(deadline))
      yield await next
  } finally {
    deadline.close()
  }
}

/** A deferred fragment whose objects are known: what it needs is being fetched. */
interface RunningPart {
  readonly label: string
  readonly part: DeferredPart | undefined
  readonly objects: readonly DeferredObject[]
  readonly run: Run
}

class IncrementalExecution {
  readonly #prepared: Prepared
  readonly #context: SubgraphContext
  readonly #tools: ExecutionTools
  readonly #tree: Tree = {}
  readonly #running = new Map<string, Promise<RunningPart>>()
  /** Objects of which something is deferred, by label, whose parts have not begun. */
  #found: DeferredObject[] = []
  #parts: readonly DeferredPart[]
  #failures: Failures | undefined
  /** Errors of fields that nobody has been told of yet. */
  #held: readonly AnswerError[] = []

  constructor(prepared: Prepared, context: SubgraphContext, tools: ExecutionTools) {
    this.#prepared = prepared
    this.#context = context
    this.#tools = tools
    this.#parts = prepared.planned.plan.deferred ?? []
  }

  async first(): Promise<IncrementalAnswer> {
    const { plan, unresolvable } = this.#prepared.planned
    if (unresolvable) {
      const message = 'no subgraph can resolve this operation'
      return { data: null, errors: [{ message, extensions: { code: 'QUERY_PLAN_EMPTY' } }], hasNext: false }
    }
    const { clock } = this.#tools
    const deadline = startDeadline(clock, this.#context.remainingMs, this.#context.signal)
    try {
      const run = startRun(this.#prepared, this.#context, deadline, this.#tools)
      if (plan.root !== undefined) await walk(plan.root, [{ tree: this.#tree, path: [], ancestors: [] }], run)
      const answer = completed(this.#prepared, this.#tree, run, this.#tools, found => this.#found.push(found))
      this.#failures = run.failures
      // Of fields that were fetched before their time.
      this.#held = run.failures.list(answer.data).filter(error => answer.errors?.includes(error) !== true)
      this.#keepWhere(path => leadsTo(answer.data, this.#clientPath(path)))
      return { ...answer, hasNext: this.#found.length > 0 }
    } finally {
      deadline.close()
    }
  }

  /** What comes next; undefined: that was all. */
  next(deadline: Deadline): Promise<IncrementalAnswer> | undefined {
    this.#begin(deadline)
    if (this.#running.size === 0) return undefined
    return Promise.race(this.#running.values()).then(ended => this.#told(ended))
  }

  /** Begins the parts whose objects are known by now. */
  #begin(deadline: Deadline): void {
    for (const [label, objects] of Map.groupBy(this.#found, ({ fragment }) => fragment.label)) {
      const part = this.#parts.find(each => each.label === label)
      const run = startRun(this.#prepared, this.#context, deadline, this.#tools, this.#failures)
      const root = { tree: this.#tree, path: [], ancestors: [] }
      const fetched = part?.root === undefined ? Promise.resolve() : walk(part.root, [root], run)
      this.#running.set(
        label,
        fetched.then(() => ({ label, part, objects, run })),
      )
    }
    this.#found = []
  }

  #told({ label, part, objects, run }: RunningPart): IncrementalAnswer {
    this.#running.delete(label)
    this.#parts = [...this.#parts.filter(each => each !== part), ...(part?.deferred ?? [])]
    this.#failures = run.failures
    const { supergraph, refusals, rootType, document, operation } = this.#prepared.planned
    const { apiSchema } = supergraph
    const completion = new Completion(apiSchema, run.failures, refusals, found => this.#found.push(found))
    const known = this.#found.length
    const data = objects.map(object => {
      const atRoot = object.type === rootType && object.path.length === 0
      const { selections } = object.fragment
      const { variables } = this.#prepared
      const introspected = atRoot
        ? introspect(apiSchema, document, operation, rootType, selections, variables)
        : undefined
      const completed = completion.part(object, introspected)
      const start = object.path.length
      // What became null takes what is deferred inside it along.
      this.#found = this.#found.filter(
        (found, index) =>
          index < known ||
          !startsWith(found.path, object.path) ||
          leadsTo(completed, this.#clientPath(found.path.slice(start))),
      )
      return completed
    })
    const incremental = this.#partsOf(label, objects, data, run)
    return { incremental, hasNext: this.#running.size > 0 || this.#found.length > 0 }
  }

  #partsOf(
    label: string,
    objects: readonly DeferredObject[],
    data: readonly (Tree | null)[],
    run: Run,
  ): readonly IncrementalPart[] {
    const { failures, degradations } = run
    const name = this.#prepared.planned.labels?.get(label)
    const paths = objects.map(({ path }) => this.#clientPath(path))
    const mark = identityMark(this.#context.principal, this.#tools.clock.wall())
    if (mark !== undefined) degradations.add(mark)
    const errors = paths.map((): AnswerError[] => [])
    const excluded = excludedPlaces(this.#prepared.planned)
    const held: AnswerError[] = []
    for (const error of new Set([...this.#held, ...failures.list()])) {
      const at = paths.findIndex(path => startsWith(error.path ?? [], path))
      const early = this.#held.includes(error) && at < 0
      if (early || excluded(standingAt(paths[at] ?? [], data[at] ?? null), error.path)) held.push(error)
      else errors[Math.max(at, 0)]?.push(error)
    }
    this.#held = held
    return paths.map((path, index) => {
      const own = data[index] ?? null
      const marked = withMarks(undefined, degradations.list(standingAt(path, own)))
      const extensions = withSession(marked, sessionOf(run))
      const found = errors[index] ?? []
      return {
        data: own,
        path,
        ...(name === undefined ? {} : { label: name }),
        ...(found.length === 0 ? {} : { errors: found }),
        ...(extensions === undefined ? {} : { extensions }),
      }
    })
  }

  #keepWhere(keep: (path: Path) => boolean): void {
    this.#found = this.#found.filter(({ path }) => keep(path))
  }

  #clientPath(path: Path): Path {
    const { clientName } = this.#prepared.planned
    return path.map(step => (typeof step === 'string' ? clientName(step) : step))
  }
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((step, index) => path[index] === step)
}

/** Is there an object at `path`? */
function leadsTo(data: unknown, path: Path): boolean {
  let value = data
  for (const step of path)
    value = Array.isArray(value) ? value[Number(step)] : isTree(value) ? own(value, String(step)) : undefined
  return isTree(value)
}

/** An answer that has nothing but `data` at `path`. */
function standingAt(path: Path, data: Tree | null): Tree | null {
  let value: unknown = data
  for (const step of path.toReversed()) {
    if (typeof step === 'string') value = { [step]: value }
    else {
      const items: unknown[] = []
      items[step] = value
      value = items
    }
  }
  // The root is an object, whatever stands in it.
  return value as Tree | null
}
