import { type Clock, sleep } from '../../../kernel/clock.ts'
import { progressIn, sweepLease } from '../sweep/sweep-progress.ts'
import { compareLogs, type StoreAtHead } from './compare-logs.ts'
import { compareRecords } from './compare-records.ts'
import { diagnose, truthsOf } from './diagnose.ts'
import { type ClosedStore, ExaminedStore, type OpenStore } from './examined-store.ts'
import type { Examination, Finding, StoreReport, SweepReport } from './finding.ts'
import { mend } from './mend.ts'
import { settle } from './settle.ts'
import { seatsOf, voteFindings, votesReport } from './votes.ts'

export interface ExamineParts {
  /** Stores that take part; those that do not are told with the reason. */
  readonly stores: readonly (OpenStore | ClosedStore)[]
  readonly clock: Clock
  /** Put right what the log says how; not while two logs differ. */
  readonly repair: boolean
}

/** Findings that are told; what is put right is not bounded by it. */
export const findingsMax = 500
/** A store that is behind is asked again so often, with pauses. */
const looksMax = 8
const pauseMs = 250

/**
 * Compares the stores of a db domain with each other and each with itself: ends and contents of the logs, every record by
 * key, version and content, and what each store derives from records. The log is the truth about a record; it is asked
 * only for records in doubt. Works while others write. Rejects when a store that is open stops answering.
 */
export async function examine({ stores, clock, repair }: ExamineParts): Promise<Examination> {
  const closed = stores.flatMap(store => ('why' in store ? [store] : []))
  const open = stores.flatMap(store => ('engine' in store ? [new ExaminedStore(store, clock)] : []))
  const atHeads = await Promise.all(
    open.map(async store => ({ store, head: await store.ask('head', undefined) })),
  )
  const logFindings = await compareLogs(atHeads)
  const { doubts, counts, cut } = await compareRecords(open)
  const settled = await settle([...doubts.values()], open, clock)
  const truths = await truthsOf(settled, atHeads)
  const now = new Date(clock.wall()).toISOString()
  const diagnoses = settled.flatMap(doubt => diagnose(doubt, truths, atHeads, now))
  if (repair && logFindings.length === 0) await mend(diagnoses)
  const learners = new Map(
    open.flatMap(({ name, learner }) => (learner === undefined ? [] : [[name, learner]])),
  )
  const votes = votesReport(await seatsOf(open, closed), learners)
  const findings = [
    ...closed.map(closedFinding),
    ...voteFindings(votes, closed),
    ...(await behindOf(atHeads, clock)),
    ...logFindings,
    ...diagnoses.map(({ finding }) => finding),
  ]
  return {
    stores: [
      ...closed.map(({ name }) => reportOf(name, name, undefined, undefined)),
      ...atHeads.map(({ store, head }) =>
        reportOf(
          store.name,
          store.detail,
          head.seq === 0 ? '0' : `${head.epoch}:${head.seq}`,
          counts.get(store),
        ),
      ),
    ],
    votes,
    sweep: await sweepIn(open),
    findings: findings.slice(0, findingsMax),
    cut: cut || findings.length > findingsMax,
  }
}

function reportOf(
  store: StoreReport['store'],
  detail: string,
  head: string | undefined,
  records: number | undefined,
): StoreReport {
  return { store, detail, head, records }
}

async function sweepIn(stores: readonly ExaminedStore[]): Promise<SweepReport | undefined> {
  const keeper = stores.find(({ leases }) => leases !== undefined)
  const lease = await keeper?.within(async signal => keeper.leases?.look(sweepLease, signal))
  if (lease === undefined) return undefined
  const { holder, term, expired, note } = lease
  return { holder, term, running: !expired, progress: progressIn(note) }
}

function closedFinding({ name, why }: ClosedStore): Finding {
  return { store: name, what: 'closed', says: `it takes no part: ${why}`, repairable: false }
}

/** Stores that do not come to where the newest stood at the beginning, although they are given a while. */
async function behindOf(stores: readonly StoreAtHead[], clock: Clock): Promise<readonly Finding[]> {
  const newest = Math.max(0, ...stores.map(({ head }) => head.seq))
  const findings: Finding[] = []
  for (const { store, head } of stores) {
    let { seq } = head
    for (let look = 1; look <= looksMax && seq < newest; look++) {
      await sleep(clock, pauseMs)
      ;({ seq } = await store.ask('head', undefined))
    }
    const says = `it ends at entry ${seq}, the newest is ${newest}; it catches up by itself while Ennead runs`
    if (seq < newest) findings.push({ store: store.name, what: 'behind', says, repairable: false })
  }
  return findings
}
