import { EnneadError } from '../../kernel/errors.ts'
import type { EngineSlot } from './engine-slot.ts'
import type { LogEntry, LogHead } from './task-store.ts'

/** What is needed to read a log: entries behind a seq. */
export type ReadLog = (read: {
  readonly afterSeq: number
  readonly limit: number
}) => Promise<readonly LogEntry[]>

/** A log: where it ends and how to read it. */
export interface History {
  readonly head: LogHead
  readonly log: ReadLog
}

/**
 * Does one of two logs continue the other? Looks at the entry of the longer one at the head of the shorter one: it must
 * be of the same epoch and hold the same commit. Logs are only ever appended to, so equal there is equal before. An
 * empty log is the beginning of every log.
 */
export async function sameHistory(one: History, other: History): Promise<boolean> {
  const [short, long] = one.head.seq <= other.head.seq ? [one, other] : [other, one]
  if (short.head.seq === 0) return true
  if (short.head.epoch !== long.head.epoch) return false
  const [entry] = await long.log({ afterSeq: short.head.seq - 1, limit: 1 })
  return entry?.position.seq === short.head.seq && entry.commit.id === short.head.commitId
}

/** The refusal of `late`, whose log is neither the beginning nor the continuation of the one `known` holds. */
export function diverged(
  late: { readonly slot: EngineSlot; readonly head: LogHead },
  known: { readonly slot: EngineSlot; readonly head: LogHead },
): EnneadError {
  const told = ({ slot, head }: typeof late): string =>
    `${slot.name} (${slot.place}) is at ${head.epoch}:${head.seq}`
  return new EnneadError(
    'STORE_DIVERGED',
    `two stores hold different histories: ${told(known)}, ${told(late)}. Stop Ennead, decide which one is right and move ` +
      `the other one's data away: without ${late.slot.place} it is rebuilt from ${known.slot.name}, ` +
      `without ${known.slot.place} from ${late.slot.name}`,
    {
      facts: {
        [known.slot.name]: `${known.head.epoch}:${known.head.seq}`,
        [late.slot.name]: `${late.head.epoch}:${late.head.seq}`,
      },
    },
  )
}
