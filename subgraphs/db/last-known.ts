import type { Agent, Attempt, InputOf, Operation, OutputOf } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Degradation } from '../../kernel/degradation.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type EngineSlot, invoke } from './engine-slot.ts'
import type { Frontier } from './frontier.ts'
import { ReachingAttempt } from './reaching-store.ts'
import type { TaskStore } from './task-store.ts'

/** Reads that may be answered from the past. Commands, the log and positions in it never are. */
export type ReadName = 'read' | 'query' | 'count'

/** An answer and what is known of its age; `degraded` is undefined when it is current. */
export interface LastKnown<T> {
  readonly answer: T
  readonly degraded: Degradation | undefined
}

/** What a store can be asked when no store that is current answers. */
export type LastKnownReads = {
  readonly [O in ReadName]: Operation<InputOf<TaskStore, O>, LastKnown<OutputOf<TaskStore, O>>>
}

export interface LastKnownParts {
  readonly frontier: Frontier
  readonly clock: Clock
  /** Oldest answer that is given although it is known to lack changes. Milliseconds; 0: none is. */
  readonly staleMsMax: number
}

/**
 * A store as it is asked in the last resort: answers with what it holds, and says how far that may be from the truth. It
 * refuses with OVERLOADED ("ask another") when it may lack changes that are older than `staleMsMax`, or does not know.
 */
export function lastKnownAgent(slot: EngineSlot, parts: LastKnownParts): Agent<LastKnownReads> {
  return {
    name: slot.name,
    detail: slot.detail,
    operations: {
      read: (keys, attempt) => lastKnown('read', keys, attempt, slot, parts),
      query: (query, attempt) => lastKnown('query', query, attempt, slot, parts),
      count: (query, attempt) => lastKnown('count', query, attempt, slot, parts),
    },
  }
}

/** Is there something that this store could answer with, although it is not current? */
export function hasLastKnown(slot: EngineSlot, { frontier, clock, staleMsMax }: LastKnownParts): boolean {
  const { seq, admitted } = slot
  return admitted && seq < frontier.head.seq && clock.now() - frontier.since(seq + 1) <= staleMsMax
}

async function lastKnown<O extends ReadName>(
  operation: O,
  input: InputOf<TaskStore, O>,
  attempt: Attempt,
  slot: EngineSlot,
  parts: LastKnownParts,
): Promise<LastKnown<OutputOf<TaskStore, O>>> {
  const { phase } = slot
  const run = phase.is === 'open' && phase.admitted ? phase.engine.operations[operation] : undefined
  if (run === undefined) throw refusal(slot, 'takes no part now')
  // Before it is asked: it holds this much or more when it answers.
  const reach = slot.seq
  const standing = standingOf(reach, parts.frontier)
  // Refused before the work where it can be; while it works, its answer may become too old.
  degradationOf(slot, standing, parts)
  const answer = await invoke<O>(run, input, new ReachingAttempt(attempt, reach))
  return { answer, degraded: degradationOf(slot, standing, parts) }
}

/** How far a store that holds the log up to `seq` may be from the truth. */
interface Standing {
  readonly behind: number
  /** Monotonic time until which it held all there was; undefined: it does now. -Infinity: not known. */
  readonly wholeUntil: number | undefined
  /** Wall-clock time of its newest entry while no majority has been seen; undefined: one has. */
  readonly unconfirmedFrom: number | undefined
}

function standingOf(seq: number, frontier: Frontier): Standing {
  const behind = Math.max(0, frontier.head.seq - seq)
  return {
    behind,
    wholeUntil: behind === 0 ? undefined : frontier.since(seq + 1),
    unconfirmedFrom: frontier.confirmed ? undefined : (frontier.headAt ?? -Infinity),
  }
}

/** Undefined: it is current. Throws OVERLOADED when it is too old or its age is not known. */
function degradationOf(
  slot: EngineSlot,
  { behind, wholeUntil, unconfirmedFrom }: Standing,
  { clock, staleMsMax }: LastKnownParts,
): Degradation | undefined {
  const agent = slot.name
  if (wholeUntil !== undefined) {
    const ageMs = Math.ceil(clock.now() - wholeUntil)
    if (ageMs <= staleMsMax) return { agent, reason: 'stale', ageMs, behind }
    throw refusal(slot, `is ${behind} behind, for longer than ${staleMsMax} ms`)
  }
  if (unconfirmedFrom === undefined) return undefined
  if (unconfirmedFrom === -Infinity)
    throw refusal(slot, 'holds nothing, and no majority of the stores has been seen yet')
  return { agent, reason: 'unconfirmed', ageMs: Math.max(0, Math.ceil(clock.wall() - unconfirmedFrom)) }
}

function refusal({ name }: EngineSlot, why: string): EnneadError {
  return new EnneadError('OVERLOADED', `${name} ${why}`)
}
