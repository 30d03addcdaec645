// The process of the Rust planner: rust-process.ts starts it. It may be ended at any moment, by itself as well.
import { EnneadError } from '../../kernel/errors.ts'
import type { Planner } from './planner.ts'
import type { PlanningCommand, PlanningEvent, RustCommand } from './planning-messages.ts'
import { loadRustAddon, RustPlanner } from './rust-planner.ts'

const addon = await loadRustAddon()
/** A failure is told to those who ask for plans. */
const planners = new Map<number, () => Planner>()

/** What stops each operation in planning. */
const running = new Map<number, AbortController>()

process.on('message', (command: RustCommand) => {
  switch (command.kind) {
    case 'open':
      planners.set(command.supergraph, open(command.sdl))
      tell({ kind: 'opened', supergraph: command.supergraph })
      return
    case 'close':
      planners.delete(command.supergraph)
      return
    case 'stop':
      running.get(command.id)?.abort()
      return
    case 'plan':
      void plan(command)
  }
})
// At once: native code that is still at work is waited for by nobody.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

function open(sdl: string): () => Planner {
  try {
    if (addon === undefined)
      throw new EnneadError('QUERY_PLAN_FAILED', 'the Rust planner is not installed here')
    const planner = new RustPlanner(addon, sdl)
    return () => planner
  } catch (failure) {
    return () => {
      throw failure
    }
  }
}

async function plan({ supergraph, id, request }: PlanningCommand & { kind: 'plan' }): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  try {
    const planner = planners.get(supergraph)
    if (planner === undefined) throw new EnneadError('INTERNAL', 'its supergraph is not open')
    tell({ kind: 'planned', id, plan: JSON.stringify(await planner().plan(request, controller.signal)) })
  } catch (failure) {
    const { code, message } =
      failure instanceof EnneadError
        ? failure
        : { code: 'QUERY_PLAN_FAILED' as const, message: 'this operation could not be planned' }
    const cause = failure instanceof EnneadError ? failure.cause : failure
    tell({ kind: 'failed', id, code, message, cause: cause instanceof Error ? cause.message : undefined })
  } finally {
    running.delete(id)
  }
}

function tell(event: PlanningEvent): void {
  process.send?.(event)
}
