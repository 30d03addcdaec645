import type { Clock, Random } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { RingLimits } from './replay-ring.ts'

/** Rests between attempts to open a source again. */
export interface RetryLimits {
  /** Before the first attempt; doubles with each. Milliseconds. */
  readonly restMs: number
  readonly restMsMax: number
  /** After so long without an event the readers are told. Milliseconds. */
  readonly msMax: number
}

/** What is sent to a reader at once. Frames of it are made once for all who lack the same. */
export interface BatchLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

export interface HubTools {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly ring: RingLimits
  readonly retry: RetryLimits
  readonly batch: BatchLimits
  /** Largest event, bytes. */
  readonly answerBytesMax: number
}

/** What a stream keeps of its past, and for how long it tries. */
export const hubDefaults = {
  ring: { eventsMax: 1_000, bytesMax: 1_048_576 },
  batch: { eventsMax: 64, bytesMax: 32_768 },
  retry: { restMs: 50, restMsMax: 2_000, msMax: 30_000 },
  /** How long the events of a resumable stream are kept after its last reader left. Milliseconds. */
  keptMs: 60_000,
  /** Bytes of events kept by streams that nobody reads, all together. */
  keptBytesMax: 64 * 1_048_576,
  /** Sources of one topic: readers that come back with older cursors are each read to until they have caught up. */
  streamsMax: 32,
  /** Readers of a stream that a new supergraph ends are told over this time. Milliseconds. */
  dismissMs: 5_000,
} as const
