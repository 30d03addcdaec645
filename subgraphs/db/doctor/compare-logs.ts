import { canonical } from '../receipt.ts'
import type { LogEntry, LogHead } from '../task-store.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ExaminedStore } from './examined-store.ts'
import type { Finding } from './finding.ts'

const pageMax = 500

/** A store with the end of its log. */
export interface StoreAtHead {
  readonly store: ExaminedStore
  readonly head: LogHead
}

/**
 * Goes through the logs from their beginning up to what each held when it was asked: without a gap, of one epoch, and with
 * one content. A cache that holds the newest entries only is compared by these. One finding a store: what follows a fault
 * in a log says nothing more.
 */
export async function compareLogs(stores: readonly StoreAtHead[]): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  let left = stores
  for (let seq: number | undefined = 0; seq !== undefined;) {
    const page: LogPage = await compareLogPage(left, seq)
    findings.push(...page.findings)
    left = left.filter(({ store }) => page.findings.every(finding => finding.store !== store.name))
    seq = page.next
  }
  return findings
}

export interface LogPage {
  readonly findings: readonly Finding[]
  /** To go on behind; undefined: that was all, or what follows says nothing more. */
  readonly next: number | undefined
}

/** Holds a page of the longest log behind `seq` against the others'. */
export async function compareLogPage(stores: readonly StoreAtHead[], seq: number): Promise<LogPage> {
  const findings: Finding[] = []
  const longest = longestOf(stores)
  if (longest === undefined || longest.head.seq <= seq) return { findings, next: undefined }
  const page = await entriesOf(longest, seq)
  if (page === 'unknown') return { findings, next: undefined }
  const gap = gapIn(page, seq, longest)
  if (gap !== undefined) return { findings: [logFinding(longest, gap)], next: undefined }
  for (const other of stores) {
    if (other === longest || other.head.seq <= seq) continue
    const theirs = await entriesOf(other, seq)
    if (theirs === 'unknown') continue
    const fault = gapIn(theirs, seq, other) ?? differenceOf(page, theirs, longest, other)
    if (fault !== undefined) findings.push(logFinding(other, fault))
  }
  return { findings, next: seq + pageMax }
}

/** A cache may hold the newest entries only, so that it comes last. */
export function longestOf(stores: readonly StoreAtHead[]): StoreAtHead | undefined {
  const byLength = [...stores].sort((left, right) => right.head.seq - left.head.seq)
  return byLength.find(({ store }) => store.name !== 'cache') ?? byLength[0]
}

/** Up to a page of entries behind `seq` that the store held at its head. */
async function entriesOf(
  { store, head }: StoreAtHead,
  seq: number,
): Promise<readonly LogEntry[] | 'unknown'> {
  try {
    const entries = await store.ask('log', { afterSeq: seq, limit: pageMax })
    return entries.filter(entry => entry.position.seq <= head.seq)
  } catch (failure) {
    if (failure instanceof EnneadError && failure.kind === 'overload') return 'unknown'
    throw failure
  }
}

function gapIn(page: readonly LogEntry[], behind: number, { head }: StoreAtHead): string | undefined {
  const wanted = Math.min(pageMax, head.seq - behind)
  for (let index = 0; index < wanted; index++) {
    const seq = behind + index + 1
    const entry = page[index]
    if (entry?.position.seq !== seq) return `its log has no entry ${seq}, though it ends at ${head.seq}`
    if (entry.position.epoch !== head.epoch) {
      return `entry ${seq} of its log is of epoch ${entry.position.epoch}, its end of epoch ${head.epoch}`
    }
  }
  return undefined
}

function differenceOf(
  page: readonly LogEntry[],
  theirs: readonly LogEntry[],
  { store: one }: StoreAtHead,
  { store: other }: StoreAtHead,
): string | undefined {
  for (const [index, entry] of theirs.entries()) {
    const mine = page[index]
    if (mine === undefined) continue
    const { seq, epoch } = entry.position
    if (mine.position.epoch !== epoch || mine.commit.id !== entry.commit.id) {
      return `its log and that of ${one.name} part at entry ${seq}: commit ${entry.commit.id} of epoch ${epoch}, there commit ${mine.commit.id} of epoch ${mine.position.epoch}`
    }
    if (contentOf(mine) !== contentOf(entry)) {
      return `entry ${seq} of its log has another content than in ${one.name} (commit ${entry.commit.id}, read by ${other.name})`
    }
  }
  return undefined
}

/** Receipts past their time are not handed on, so copies lack them. */
function contentOf({ commit }: LogEntry): string {
  const puts = commit.puts.filter(put => put.kind !== 'receipt')
  return canonical({ ...commit, puts, event: commit.event ?? null })
}

function logFinding({ store }: StoreAtHead, why: string): Finding {
  const wayOut =
    'stop Ennead and move its data away, it is rebuilt from the others; if it is the right one, theirs'
  return { store: store.name, what: 'log', says: `${why}; ${wayOut}`, repairable: false }
}
