import type { Clock } from '../../kernel/clock.ts'
import { withSession } from '../../kernel/consistency.ts'
import { withMarks } from '../../kernel/degradation.ts'
import type { Log } from '../../kernel/log.ts'
import type { GraphQLAnswer } from '../engine.ts'
import type { ObserveGateway } from '../gateway-events.ts'
import { Completion } from './complete.ts'
import type { DeferredObject } from './complete.ts'
import type { Deadline } from './deadline.ts'
import { startDeadline } from './deadline.ts'
import { Degradations } from './degradations.ts'
import { cacheView } from './entity-cache/cache-view.ts'
import type { EntityCache } from './entity-cache/entity-cache.ts'
import { excludedPlaces } from './excluded-places.ts'
import { Failures } from './failures.ts'
import { identityMark } from './identity-mark.ts'
import { introspect } from './introspect.ts'
import type { Prepared } from './prepared.ts'
import { type EarlierAnswers, type Run, sessionOf } from './run.ts'
import type { SubgraphContext } from './subgraph.ts'
import type { ErrorShowing } from './subgraph-errors.ts'
import type { Target } from './target.ts'
import type { Tree } from './tree.ts'
import { walk } from './walk.ts'

export interface ExecutionTools {
  readonly clock: Clock
  readonly log: Log
  readonly showing: ErrorShowing
  /** Default: nothing is kept. */
  readonly entityCache?: EntityCache | undefined
  /** Default: nobody is told. */
  readonly observe?: ObserveGateway | undefined
}

/**
 * Runs a query or mutation within `context.remainingMs`; what did not come in time is missing, with an error.
 * @param earlier What was fetched for it already.
 */
export async function executePrepared(
  prepared: Prepared,
  context: SubgraphContext,
  tools: ExecutionTools,
  earlier?: EarlierAnswers,
): Promise<GraphQLAnswer> {
  if (prepared.planned.unresolvable) {
    // Run as planned, it would answer null for every field and call that a success.
    const message = 'no subgraph can resolve this operation'
    return { data: null, errors: [{ message, extensions: { code: 'QUERY_PLAN_EMPTY' } }] }
  }
  const deadline = startDeadline(tools.clock, context.remainingMs, context.signal)
  try {
    return await answerWith(prepared, context, deadline, tools, async () => undefined, earlier)
  } finally {
    deadline.close()
  }
}

/** Runs the plan on a fresh tree that `begin` may fill first, and completes the answer. */
export async function answerWith(
  prepared: Prepared,
  context: SubgraphContext,
  deadline: Deadline,
  tools: ExecutionTools,
  begin: (root: Target, run: Run) => Promise<void>,
  earlier?: EarlierAnswers,
): Promise<GraphQLAnswer> {
  const run = { ...startRun(prepared, context, deadline, tools), earlier }
  const tree: Tree = {}
  const root: Target = { tree, path: [], ancestors: [] }
  await begin(root, run)
  const { plan } = prepared.planned
  if (plan.root !== undefined) await walk(plan.root, [root], run)
  return completed(prepared, tree, run, tools)
}

/** @param before The failures of what was answered before, on the same objects. */
export function startRun(
  prepared: Prepared,
  context: SubgraphContext,
  deadline: Deadline,
  tools: ExecutionTools,
  before?: Failures,
): Run {
  const { planned, variables } = prepared
  const { supergraph, subgraphs, clientName } = planned
  const failures = new Failures(clientName, before)
  const degradations = new Degradations(clientName)
  const { overlap } = supergraph
  const told = { failures, degradations, heardSession: undefined }
  const cache = cacheView(tools.entityCache, prepared, context, tools.observe)
  return { subgraphs, overlap, variables, context, deadline, cache, ...told, ...tools }
}

/** The client's answer out of what a run has brought. `deferred` is told each object of which something is deferred. */
export function completed(
  { planned, variables }: Prepared,
  tree: Tree,
  run: Run,
  tools: ExecutionTools,
  deferred?: (found: DeferredObject) => void,
): GraphQLAnswer {
  const { failures, degradations, context } = run
  const { supergraph, document, operation, rootType } = planned
  const { apiSchema } = supergraph
  const selections = planned.selections(variables)
  const introspected = introspect(apiSchema, document, operation, rootType, selections, variables)
  const completion = new Completion(apiSchema, failures, planned.refusals, deferred)
  const data = completion.root(rootType, selections, tree, introspected)
  const excluded = excludedPlaces(planned)
  const errors = failures.list(data).filter(({ path }) => !excluded(data, path))
  const mark = identityMark(context.principal, tools.clock.wall())
  if (mark !== undefined) degradations.add(mark)
  const extensions = withSession(withMarks(undefined, degradations.list(data)), sessionOf(run))
  return {
    data,
    ...(errors.length === 0 ? {} : { errors }),
    ...(extensions === undefined ? {} : { extensions }),
  }
}
