/** What only one process at a time is to do, as somebody holds it. */
export interface LeaseRequest {
  /** The work, e.g. `sweep`. */
  readonly name: string
  /** Names one life of one process. */
  readonly holder: string
  /** How long the lease is held without being renewed. Milliseconds. */
  readonly lengthMs: number
}

/** The work as the `term`-th holder may do it. */
export interface Fence {
  readonly name: string
  /** Grows with every take-over, and never shrinks. */
  readonly term: number
}

export type Acquired =
  /** `note`: what the holder before it left; undefined: nothing. */
  | { readonly is: 'held'; readonly term: number; readonly note: string | undefined }
  /** Somebody else has it, for so long at most. */
  | { readonly is: 'taken'; readonly holder: string; readonly remainingMs: number }

/** A lease as it stands. */
export interface LeaseReading extends Fence {
  readonly holder: string
  readonly expired: boolean
  readonly note: string | undefined
}

/**
 * The port of leadership: where processes agree who does a work of which one is enough. Time is that of whoever keeps the
 * leases. A holder that froze may believe in its lease for longer: what it writes carries its term, and is refused
 * (LEASE_LOST) where a later holder has been.
 */
export interface LeaseBook {
  /** Takes the lease when it is free, expired or this very holder's, with a greater term than any before. */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<Acquired>
  /** Holds it for another `lengthMs` and leaves the note, unless it was taken over. Answers whether it is still held. */
  renew(fence: Fence, lengthMs: number, note: string | undefined, signal: AbortSignal): Promise<boolean>
  /** Lets go of it at once and leaves the note, unless it was taken over. */
  release(fence: Fence, note: string | undefined, signal: AbortSignal): Promise<void>
  /** Undefined: nobody has ever held it. */
  look(name: string, signal: AbortSignal): Promise<LeaseReading | undefined>
}
