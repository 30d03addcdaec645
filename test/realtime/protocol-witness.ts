import type { Action } from '../../gateway/realtime/transport-ws-protocol.ts'

/** Watches one protocol from outside and notes every promise it breaks. */
export class ProtocolWitness {
  readonly broken: string[] = []
  /** Runs that were started, in order. */
  readonly started: number[] = []
  /** Runs that are open now and their ids. */
  readonly open = new Map<number, string>()
  readonly #operationsMax: number
  #acknowledged = false
  #over = false

  constructor(operationsMax: number) {
    this.#operationsMax = operationsMax
  }

  get over(): boolean {
    return this.#over
  }

  /** @param run The run the owner reported on, for `next`, `failed` and `completed`. */
  saw(kind: string, run: number, actions: readonly Action[]): void {
    if (this.#over) this.#promise('nothing is done after the end', actions.length === 0)
    const reported = ['next', 'failed', 'completed'].includes(kind)
    if (reported) this.#sawReport(kind, run, actions)
    else for (const action of actions) this.#sawAction(action)
    if (kind === 'left') this.#over = true
    if (this.#over) this.#promise('the end lets go of every run', this.open.size === 0)
  }

  #sawReport(kind: string, run: number, actions: readonly Action[]): void {
    const id = this.open.get(run)
    this.#promise('only a run that is open is told of', actions.length === (id === undefined ? 0 : 1))
    for (const action of actions) {
      const told = action.kind === 'send' ? messageOf(action.text).id : undefined
      this.#promise('what a run says is told under its own id', told === id)
    }
    if (kind !== 'next') this.open.delete(run)
  }

  #sawAction(action: Action): void {
    if (this.#over) this.#promise('only stops follow a close', action.kind === 'stop')
    if (action.kind === 'start') {
      this.#promise('nothing starts before the acknowledgement', this.#acknowledged)
      this.#promise('an id has one run at a time', ![...this.open.values()].includes(action.id))
      this.#promise('a run number is never used again', !this.started.includes(action.run))
      this.#promise('no more runs than the limit', this.open.size < this.#operationsMax)
      this.started.push(action.run)
      this.open.set(action.run, action.id)
    } else if (action.kind === 'stop') {
      this.#promise('only an open run is stopped', this.open.delete(action.run))
    } else if (action.kind === 'close') {
      this.#over = true
      this.#promise('a reason fits into a close frame', Buffer.byteLength(action.reason) <= 123)
    } else if (action.kind === 'send') {
      this.#acknowledged ||= messageOf(action.text).type === 'connection_ack'
    }
  }

  #promise(name: string, kept: boolean): void {
    if (!kept) this.broken.push(name)
  }
}

function messageOf(text: string): { readonly type: string; readonly id?: string } {
  // Text of the protocol under test; anything else fails a promise above.
  return JSON.parse(text) as { type: string; id?: string }
}
