import type { DomainHealth } from '../kernel/health.ts'
import type { Stop } from '../kernel/stop.ts'

/** What an agent gets with every attempt besides the input. */
export interface Attempt {
  /**
   * Aborts when the attempt's deadline passes, the caller leaves or another attempt has won. Pass it to the driver. A
   * probe, and now and then an attempt of an agent that always loses, go on to their end, to judge the agent by.
   */
  readonly signal: AbortSignal
  /** The same, for agents that are called too often to have a signal made for each attempt. A dispatcher's attempts have it. */
  readonly stopping?: Stop
  /** Milliseconds until this attempt's deadline. */
  readonly remainingMs: number
  /** 1 for the first attempt of a call. */
  readonly number: number
  /** The request the call belongs to, when its caller said. */
  readonly requestId?: string | undefined
}

/** One thing a port can do. */
export type Operation<Input, Output> = (input: Input, attempt: Attempt) => Promise<Output>

/** The shape every port interface has: operations by name. */
export type Port<P> = { readonly [O in keyof P]: Operation<never, unknown> }

export type InputOf<P extends Port<P>, O extends keyof P> = Parameters<P[O]>[0]
export type OutputOf<P extends Port<P>, O extends keyof P> = Awaited<ReturnType<P[O]>>

/** One implementation of a port. An operation it leaves out is one it cannot serve, and is not counted on. */
export interface Agent<P> {
  readonly name: string
  /** What it stands on, for an operator, e.g. `PostgreSQL 18 (embedded)`. */
  readonly detail: string
  readonly operations: Partial<P>
  /**
   * False: it knows without any work that it would refuse this input now. It is passed over at no cost, and asked only
   * when no agent is able, so that it can say why. Default: it is able.
   */
  readonly able?: (input: unknown) => boolean
}

/** An agent that is switched off or not configured: shown in health, never called. */
export interface AbsentAgent {
  readonly name: string
  readonly absent: string
}

/** `sheddable` is refused first when the domain fills up, `critical` last. */
export type Priority = 'sheddable' | 'default' | 'critical'

export interface CallOptions {
  /** The caller's own signal. */
  readonly signal?: AbortSignal
  /** Milliseconds the caller still has; the domain's own limit applies as well. */
  readonly remainingMs?: number
  /** Default `default`. */
  readonly priority?: Priority
  /** May the operation be repeated when its first outcome is unknown? Default: as the operation's policy says. */
  readonly idempotent?: boolean
  /** Overrides the time one attempt gets, for operations that wait on purpose. Milliseconds. */
  readonly attemptMs?: number
  /** Overrides the domain's limit for the whole call, for operations that wait on purpose. Milliseconds. */
  readonly timeoutMs?: number
  /** The request this call belongs to, for events and agents. Default: none. */
  readonly requestId?: string | undefined
}

/** How a domain reaches its agents. */
export interface Dispatcher<P extends Port<P>> {
  /**
   * Runs one operation of the port on as many agents as its policy needs. Rejects with an EnneadError whose code is
   * the caller's own error, or OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, UNAVAILABLE (with what every agent said as
   * `cause`), or UNKNOWN_COMMIT_OUTCOME.
   */
  call<O extends keyof P & string>(
    operation: O,
    input: InputOf<P, O>,
    options?: CallOptions,
  ): Promise<OutputOf<P, O>>
  health(): DomainHealth
  /** Rejects calls from now on and lets go of timers. Idempotent. */
  close(): void
}
