import type { RecentLog } from '../recent-log.ts'
import type { LogEntry, LogHead } from '../task-store.ts'
import type { Member } from './member.ts'

/** Where a proposer finds entries that were chosen. */
export interface LogSources {
  readonly members: readonly Member[]
  /** Entries behind `after` from the log of this very store. */
  readonly readLog: (name: string, after: number, limit: number) => Promise<readonly LogEntry[]>
  readonly recent: RecentLog
}

/** Entries a proposer reads to bring stores up that are a little behind. */
export const catchUpMax = 1_000

/** Remembers the entries behind `from` that this store has, so that others which lack them can vote. */
export async function readUp(
  { recent, readLog }: LogSources,
  { name, head }: { readonly name: string; readonly head: LogHead },
  from: number,
): Promise<void> {
  const after = Math.max(from, head.seq - catchUpMax)
  if (after < head.seq && recent.between(after, head.seq) === undefined) {
    recent.begin(await readLog(name, after, catchUpMax))
  }
}

/** Chosen entries behind `after` up to `upTo` for a store that lacks them, from memory or another store's log. */
export async function chosenEntries(
  { members, recent, readLog }: LogSources,
  member: Member,
  after: number,
  upTo: number,
): Promise<readonly LogEntry[]> {
  const here = recent.between(after, upTo)
  if (here !== undefined) return here
  const reach = (other: Member): number => other.known?.head.seq ?? 0
  const [holder] = members.filter(other => other !== member).sort((one, other) => reach(other) - reach(one))
  const read = holder === undefined ? [] : await readLog(holder.name, after, catchUpMax)
  const end = Math.min(upTo, read.at(-1)?.position.seq ?? after)
  return [...read.filter(({ position }) => position.seq <= end), ...(recent.between(end, upTo) ?? [])]
}
