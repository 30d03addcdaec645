import type { Attempt } from '../../dispatch/port.ts'
import { addressOf } from '../../subgraphs/db/commit-batch.ts'
import { compareRecords, compareText, isBehind, matches } from '../../subgraphs/db/evaluate.ts'
import { emptyHead, entriesBehind, isWanted, requireReach } from '../../subgraphs/db/log-order.ts'
import { type StoredRecord, isNewer } from '../../subgraphs/db/record.ts'
import type {
  Commit,
  CommitFacts,
  LogEntry,
  LogHead,
  LogRead,
  Position,
  RecordKey,
  SeatChange,
  SeatReading,
  SeatState,
  StoreAttempt,
  StoreEngine,
  TaskStore,
} from '../../subgraphs/db/task-store.ts'

/** What a test does to a store: called before the work of an operation, it may reject or wait. */
export type Fault = (operation: keyof TaskStore, attempt: Attempt, input: unknown) => Promise<void>

/** The whole port in memory: real meaning, nothing durable. The data outlives `close`, so that it can be opened again. */
export class MemoryTaskStore {
  readonly records = new Map<string, StoredRecord>()
  readonly entries: LogEntry[] = []
  readonly calls: (keyof TaskStore)[] = []
  /** Runs before an operation. */
  before: Fault | undefined
  /** Runs after an operation has taken effect, before it answers. */
  after: Fault | undefined
  seat: SeatState | undefined

  /** Opens it; fails like a store that is not there while `absent` answers true. */
  readonly open = (): Promise<StoreEngine> =>
    Promise.resolve({ operations: this.operations, detail: 'memory', close: () => Promise.resolve() })

  readonly operations: TaskStore = {
    read: (keys, attempt) =>
      this.#run('read', attempt, keys, () => keys.map(key => this.records.get(address(key)))),
    query: (query, attempt) =>
      this.#run('query', attempt, query, () => {
        const { behind, order } = query
        return [...this.records.values()]
          .filter(record => record.kind === query.kind && record.workspaceId === query.workspaceId)
          .filter(record => matches(record, query.where))
          .filter(record => behind === undefined || isBehind(record, order, behind))
          .sort(compareRecords(order))
          .slice(0, query.limit)
      }),
    scan: (scan, attempt) =>
      this.#run('scan', attempt, scan, () =>
        [...this.records.values()]
          .filter(record => record.kind === scan.kind && compareText(record.id, scan.afterId) > 0)
          .sort((left, right) => compareText(left.id, right.id))
          .slice(0, scan.limit),
      ),
    count: (query, attempt) =>
      this.#run(
        'count',
        attempt,
        query,
        () =>
          [...this.records.values()].filter(
            record =>
              record.kind === query.kind &&
              record.workspaceId === query.workspaceId &&
              matches(record, query.where),
          ).length,
      ),
    facts: (commits, attempt) => this.#run('facts', attempt, commits, () => this.#facts(commits)),
    head: (input, attempt) => this.#run('head', attempt, input, () => this.head()),
    log: (read, attempt) => this.#run('log', attempt, read, () => this.#log(read)),
    absorb: (entries, attempt) => this.#run('absorb', attempt, entries, () => this.#absorb(entries)),
    seat: (input, attempt) => this.#run('seat', attempt, input, () => this.reading()),
    vote: (change, attempt) => this.#run('vote', attempt, change, () => this.#vote(change)),
    forget: (instant, attempt) =>
      this.#run('forget', attempt, instant, () => {
        const gone = [...this.records].filter(
          ([, record]) => record.kind === 'receipt' && record.expiresAt < instant,
        )
        for (const [key] of gone) this.records.delete(key)
        return gone.length
      }),
  }

  head(): LogHead {
    const last = this.entries.at(-1)
    return last === undefined ? emptyHead : { ...last.position, commitId: last.commit.id }
  }

  /** Loses everything, as a store without a disk does. */
  clear(): void {
    this.records.clear()
    this.entries.length = 0
    this.seat = undefined
  }

  /** Appends entries that come next. */
  take(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#take(entry)
  }

  reading(): SeatReading {
    return { state: this.seat, head: this.head() }
  }

  async #run<T>(
    operation: keyof TaskStore,
    attempt: StoreAttempt,
    input: unknown,
    work: () => T,
  ): Promise<T> {
    this.calls.push(operation)
    await this.before?.(operation, attempt, input)
    attempt.signal.throwIfAborted()
    requireReach('memory', this.head().seq, attempt.reach)
    const answer = work()
    await this.after?.(operation, attempt, input)
    return answer
  }

  #facts(commits: readonly Commit[]): CommitFacts {
    const ids = new Set(commits.map(({ id }) => id))
    const keys = commits.flatMap(({ expects }) => expects)
    return {
      head: this.head(),
      positions: new Map(
        this.entries
          .filter(({ commit }) => ids.has(commit.id))
          .map(({ commit, position }) => [commit.id, position]),
      ),
      versions: new Map(keys.map(key => [addressOf(key), this.records.get(address(key))?.version ?? 0])),
    }
  }

  #vote({ turn, head, next, apply }: SeatChange): SeatReading & { readonly changed: boolean } {
    const here = this.head()
    const changed =
      (this.seat?.turn ?? 0) === turn && here.seq === head.seq && here.commitId === head.commitId
    if (changed) {
      this.#absorb(apply)
      this.seat = next
    }
    return { changed, ...this.reading() }
  }

  #take(entry: LogEntry): void {
    this.entries.push(entry)
    for (const put of entry.commit.puts) {
      if (isNewer(put, this.records.get(address(put)))) this.records.set(address(put), put)
    }
  }

  #absorb(entries: readonly LogEntry[]): Position {
    for (const entry of entriesBehind(this.head(), entries)) this.#take(entry)
    const { epoch, seq } = this.head()
    return { epoch, seq }
  }

  #log(read: LogRead): LogEntry[] {
    const wanted =
      read.newestFirst === true
        ? this.entries.filter(entry => read.afterSeq === 0 || entry.position.seq < read.afterSeq).reverse()
        : this.entries.filter(entry => entry.position.seq > read.afterSeq)
    return wanted.filter(entry => isWanted(entry, read)).slice(0, read.limit)
  }
}

function address({ kind, id }: RecordKey): string {
  return `${kind} ${id}`
}
