import { unreachable } from '../../kernel/errors.ts'

/**
 * One operation on a register, as its caller saw it: it took effect at one moment between `from` and `to`, or, when `to`
 * is Infinity, perhaps never.
 */
export interface RegisterOperation {
  readonly from: number
  readonly to: number
  readonly does:
    | { readonly is: 'read'; readonly saw: string }
    | { readonly is: 'write'; readonly value: string }
    /** `done` undefined: nobody knows. */
    | {
        readonly is: 'swap'
        readonly expected: string
        readonly value: string
        readonly done: boolean | undefined
      }
}

/** Whether the operation is possible in a state, and the state behind it. */
function step(state: string, { does }: RegisterOperation): string | undefined {
  switch (does.is) {
    case 'read':
      return does.saw === state ? state : undefined
    case 'write':
      return does.value
    case 'swap':
      if (does.done === undefined) return state === does.expected ? does.value : state
      if (does.done) return state === does.expected ? does.value : undefined
      return state === does.expected ? undefined : state
    default:
      return unreachable(does)
  }
}

/** A call or a return in the list of those that are not yet explained. */
interface Event {
  readonly operation: number
  readonly isCall: boolean
  readonly at: number
  before: Event | undefined
  next: Event | undefined
}

/**
 * Is there an order of these operations that explains what all of them saw, in which none comes before one that had ended
 * when it began? The search of Wing and Gong, with Lowe's memory of what has been tried. Throws when it takes more than
 * `stepsMax` steps.
 */
export function isLinearizable(
  history: readonly RegisterOperation[],
  initial: string,
  stepsMax = 5_000_000,
): boolean {
  const { first, calls, returns } = listOf(history)
  const tried = new Set<string>()
  const taken: { readonly operation: number; readonly before: string }[] = []
  const linearized = new Uint8Array(history.length)
  let state = initial
  let event = first.next
  for (let steps = 0; first.next !== undefined; steps++) {
    if (steps > stepsMax) throw new Error(`undecided after ${stepsMax} steps`)
    if (event?.isCall === true) {
      const operation = history[event.operation]
      const after = operation === undefined ? undefined : step(state, operation)
      if (after !== undefined) {
        linearized[event.operation] = 1
        const key = `${linearized.join('')} ${after}`
        if (!tried.has(key)) {
          tried.add(key)
          taken.push({ operation: event.operation, before: state })
          state = after
          unlink(calls[event.operation])
          unlink(returns[event.operation])
          event = first.next
          continue
        }
        linearized[event.operation] = 0
      }
      event = event.next
      continue
    }
    // Only operations that may never have happened are left before this.
    if (event !== undefined && event.at === Infinity) return true
    const last = taken.pop()
    if (last === undefined) return false
    state = last.before
    linearized[last.operation] = 0
    relink(returns[last.operation])
    relink(calls[last.operation])
    event = calls[last.operation]?.next
  }
  return true
}

function listOf(history: readonly RegisterOperation[]) {
  const calls: Event[] = []
  const returns: Event[] = []
  const events = history.flatMap(({ from, to }, operation) => {
    const call: Event = { operation, isCall: true, at: from, before: undefined, next: undefined }
    const end: Event = { operation, isCall: false, at: to, before: undefined, next: undefined }
    calls.push(call)
    returns.push(end)
    return [call, end]
  })
  // Of a call and a return at the same time the call comes first: they may have overlapped.
  events.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall))
  const first: Event = { operation: -1, isCall: false, at: -Infinity, before: undefined, next: undefined }
  let last = first
  for (const event of events) {
    event.before = last
    last.next = event
    last = event
  }
  return { first, calls, returns }
}

function unlink(event: Event | undefined): void {
  if (event?.before === undefined) return
  event.before.next = event.next
  if (event.next !== undefined) event.next.before = event.before
}

function relink(event: Event | undefined): void {
  if (event?.before === undefined) return
  event.before.next = event
  if (event.next !== undefined) event.next.before = event
}
