// The planning thread: planning-thread.ts starts it. Everything here may be stopped at any moment.
import { parentPort, workerData } from 'node:worker_threads'
import { EnneadError } from '../../kernel/errors.ts'
import { LocalPlanner } from './local-planner.ts'
import type { PlanningCommand, PlanningEvent, PlanningSetup } from './planning-messages.ts'

// What planning-thread.ts has started this thread with.
const { planner: choice, planMsMax, planLengthMax } = workerData as PlanningSetup
const planners = new Map<number, LocalPlanner>()
/** The operation in planning; the gateway sends one at a time. */
let current: number | undefined

parentPort?.on('message', (command: PlanningCommand) => {
  switch (command.kind) {
    case 'open':
      planners.set(command.supergraph, open(command))
      return
    case 'close':
      void planners.get(command.supergraph)?.close()
      planners.delete(command.supergraph)
      return
    case 'plan':
      void plan(command)
  }
})

function open({ supergraph, sdl }: PlanningCommand & { kind: 'open' }): LocalPlanner {
  const planner = new LocalPlanner(choice, sdl, phase => {
    if (current !== undefined) tell({ kind: 'phase', id: current, phase })
  })
  void planner.prepare().then(() => tell({ kind: 'opened', supergraph }))
  return planner
}

async function plan({ supergraph, id, request }: PlanningCommand & { kind: 'plan' }): Promise<void> {
  current = id
  try {
    const planner = planners.get(supergraph)
    if (planner === undefined) throw new EnneadError('INTERNAL', 'its supergraph is not open')
    const plan = JSON.stringify(await planner.plan(request, AbortSignal.timeout(planMsMax)))
    if (plan.length > planLengthMax) throw tooLong(plan.length)
    tell({ kind: 'planned', id, plan })
  } catch (failure) {
    tell(failed(id, failure))
  } finally {
    current = undefined
  }
}

function failed(id: number, failure: unknown): PlanningEvent {
  if (failure instanceof Error && failure.name === 'TimeoutError') {
    const message = `the operation takes longer than ${planMsMax} ms to plan`
    return { kind: 'failed', id, code: 'LIMIT_PLANNING', message, cause: undefined }
  }
  if (!(failure instanceof EnneadError)) {
    const message = 'this operation could not be planned'
    return { kind: 'failed', id, code: 'QUERY_PLAN_FAILED', message, cause: textOf(failure) }
  }
  const { code, message, cause } = failure
  return { kind: 'failed', id, code, message, cause: cause === undefined ? undefined : textOf(cause) }
}

function tooLong(length: number): EnneadError {
  const message = `the plan of this operation is longer than ${planLengthMax} characters`
  return new EnneadError('LIMIT_PLANNING', message, { cause: new Error(`it has ${length}`) })
}

function textOf(failure: unknown): string {
  if (failure instanceof AggregateError) return failure.errors.map(textOf).join('\n')
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
}

function tell(event: PlanningEvent): void {
  parentPort?.postMessage(event)
}
