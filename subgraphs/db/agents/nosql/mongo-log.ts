import { EnneadError } from '../../../../kernel/errors.ts'
import { diverged, emptyHead, entriesBehind, requireReach } from '../../log-order.ts'
import type {
  Commit,
  CommitFacts,
  LogEntry,
  LogHead,
  Position,
  RecordKey,
  SeatChange,
  SeatReading,
  SeatState,
} from '../../task-store.ts'
import { addressOf } from '../../commit-batch.ts'
import { applyEntries, modelOf } from './mongo-apply.ts'
import type { MongoConnection } from './mongo-connection.ts'
import { isDuplicate, mongoFailure, wasNeverSent } from './mongo-failure.ts'
import { MongoLife } from './mongo-life.ts'
import { entryOf, logDocumentOf, type MongoModels } from './mongo-models.ts'
import { unknownOutcome, WriteLane } from './write-lane.ts'

/** Other processes that may take the place in the log before this one gives up. */
const roundsMax = 50
/** Entries put into the records at once when a store catches up with its log. */
const catchUpMax = 200

/**
 * The writer of one store. A standalone MongoDB has no transactions, so the log comes first: the insert of an entry at
 * the next seq is the commit, whole or not at all, and of two writers one finds the place taken. Records follow from
 * the log, before the commit is answered, or by whoever comes next.
 */
export class MongoLog {
  readonly lane = new WriteLane()
  readonly #models: MongoModels
  readonly #mongo: MongoConnection
  readonly #life: MongoLife
  #head: LogHead = emptyHead
  /** All entries up to here are in the records. */
  #applied = 0
  /** What this process knows of the head and the records may be behind what is stored. */
  #stale = true

  constructor(models: MongoModels, mongo: MongoConnection) {
    this.#models = models
    this.#mongo = mongo
    this.#life = new MongoLife(mongo)
  }

  get stale(): boolean {
    return this.#stale
  }

  get applied(): number {
    return this.#applied
  }

  /** The life of the database in which all this is so. */
  get life(): string {
    return this.#life.name
  }

  /** What decides about these commits. In the lane only. */
  async facts(commits: readonly Commit[]): Promise<CommitFacts> {
    await this.settle()
    // Before the others: what another process appends meanwhile may be in them, and is none of this head's business.
    const head = this.#head
    const [positions, versions] = await Promise.all([
      this.#positions(commits.map(commit => commit.id)),
      this.#versions(commits.flatMap(commit => commit.expects)),
    ]).catch((failure: unknown) => {
      throw mongoFailure(failure)
    })
    return { head, positions, versions }
  }

  /** Where the log ends, as it is now. In the lane only. */
  async end(): Promise<LogHead> {
    this.#stale = true
    await this.settle()
    return this.#head
  }

  /**
   * The seat, and where the log ends. In the lane only. In this order: the log must reach at least to where the seat
   * vouches for it, although another process may change both in between.
   */
  async seat(): Promise<SeatReading> {
    const state = await this.#state()
    return { state, head: await this.end() }
  }

  async #state(): Promise<SeatState | undefined> {
    try {
      const found = await this.#models.seat.findOne({ _id: 'seat' }).lean().exec()
      // Only vote writes it.
      return found === null ? undefined : (JSON.parse(found.state) as SeatState)
    } catch (failure) {
      throw mongoFailure(failure)
    }
  }

  /**
   * Rejects when the database is not any more in the life in which a read began, or does not hold the entry at `reach`: then
   * what was just read shows nothing.
   */
  async requireUnlost(life: string, reach?: number): Promise<void> {
    requireReach('MongoDB', this.#head.seq, reach)
    if (await this.#life.is(life)) return
    this.#stale = true
    throw new EnneadError('AGENT_FAULT', 'MongoDB lost its data while it was read')
  }

  /**
   * Takes over entries, then changes the seat. A crash in between leaves entries that are chosen and a seat that has not
   * moved, which is a state the store could be in anyway. In the lane only.
   */
  async vote(change: SeatChange): Promise<SeatReading & { readonly changed: boolean }> {
    await this.settle()
    const { head, apply, turn, next } = change
    const stands = this.#head.seq === head.seq && this.#head.commitId === head.commitId
    const changed = stands && (await this.#append(apply)) && (await this.#sit(turn, next))
    return changed ? { changed, state: next, head: this.#head } : { changed, ...(await this.seat()) }
  }

  async #sit(turn: number, next: SeatState): Promise<boolean> {
    try {
      const { matchedCount, upsertedCount } = await this.#models.seat
        .updateOne(
          { _id: 'seat', turn },
          { $set: { turn: next.turn, state: JSON.stringify(next) } },
          { upsert: turn === 0, writeConcern: this.#mongo.durable },
        )
        .exec()
      return matchedCount + upsertedCount > 0
    } catch (failure) {
      if (isDuplicate(failure)) return false
      throw wasNeverSent(failure) ? mongoFailure(failure) : unknownOutcome(failure)
    }
  }

  /** Takes over what follows the own log. In the lane only. */
  async absorb(entries: readonly LogEntry[]): Promise<Position> {
    // Another process may have brought the store to where these go on.
    if ((entries[0]?.position.seq ?? 0) > this.#head.seq + 1) this.#stale = true
    for (let round = 0; round < roundsMax; round++) {
      await this.settle()
      const fresh = entriesBehind(this.#head, entries)
      if (await this.#append(fresh)) return { epoch: this.#head.epoch, seq: this.#head.seq }
      // Another process was faster, or one of these commits has another place here.
      const positions = await this.#positions(fresh.map(entry => entry.commit.id))
      for (const { commit, position } of fresh) {
        const here = positions.get(commit.id)
        if (here !== undefined && here.seq !== position.seq) throw diverged(here, position)
      }
    }
    throw new EnneadError('OVERLOADED', 'too many processes write to this store at once')
  }

  /** Learns the head and puts into the records what the log has and they do not. In the lane only. */
  async settle(): Promise<void> {
    if (!this.#stale) return
    try {
      await this.#catchUp()
    } catch (failure) {
      throw mongoFailure(failure)
    }
    this.#stale = false
  }

  /** Like `settle`, also when this process has no reason to think that it is behind. In the lane only. */
  async reach(seq: number): Promise<void> {
    if (this.#applied < seq) this.#stale = true
    await this.settle()
  }

  async #catchUp(): Promise<void> {
    const { log } = this.#models
    await this.#life.learn()
    this.#applied = await this.#marked()
    for (;;) {
      const behind = await log
        .find({ _id: { $gt: this.#applied } })
        .sort({ _id: 1 })
        .limit(catchUpMax)
        .lean()
        .exec()
      const [first] = behind
      const last = behind.at(-1)
      if (first === undefined || last === undefined) break
      if (first._id !== this.#applied + 1) {
        // Written by who did not know yet that the store had lost what comes before: filled in anew, in order.
        await this.#takeBack(first._id)
        break
      }
      await applyEntries(this.#models, this.#mongo, behind.map(entryOf))
      this.#applied = last._id
    }
    const newest = await log.findOne().sort({ _id: -1 }).lean().exec()
    this.#head =
      newest === null ? emptyHead : { epoch: newest.epoch, seq: newest._id, commitId: newest.commitId }
    if (newest !== null && newest._id > this.#applied) await this.#catchUp()
  }

  /**
   * Up to where somebody said that the records have what the log has. Who said so after the store had been emptied meant
   * its log of before: that word is taken back, so that nobody believes it once the log has come to there again.
   */
  async #marked(): Promise<number> {
    const { log, marker } = this.#models
    const found = await marker.findOne({ _id: 'applied' }).lean().exec()
    const seq = found?.seq ?? 0
    if (seq === 0 || (await log.exists({ _id: seq }).exec()) !== null) return seq
    await marker
      .updateOne({ _id: 'applied', seq }, { $set: { seq: 0 } }, { writeConcern: this.#mongo.durable })
      .exec()
    return 0
  }

  /** Deletes what stands from `seq` on although the store does not hold what comes before. */
  async #takeBack(seq: number): Promise<void> {
    const { durable } = this.#mongo
    await this.#models.log.deleteMany({ _id: { $gte: seq } }, { writeConcern: durable }).exec()
  }

  /** Writes entries behind the head; false when another process has taken a place, or the store has lost its head. */
  async #append(entries: readonly LogEntry[]): Promise<boolean> {
    const [first, last] = [entries[0], entries.at(-1)]
    if (first === undefined || last === undefined) return true
    try {
      await this.#models.log.bulkWrite(
        entries.map(entry => ({ insertOne: { document: logDocumentOf(entry) } })),
        { ordered: true, throwOnValidationError: true, writeConcern: this.#mongo.durable },
      )
    } catch (failure) {
      this.#stale = true
      if (isDuplicate(failure)) return false
      throw wasNeverSent(failure) ? mongoFailure(failure) : unknownOutcome(failure)
    }
    try {
      // Only now: a store that is emptied between a look and the insert would begin with the last entries of its old log.
      if (!(await this.#endsWhereKnown())) {
        this.#stale = true
        await this.#takeBack(first.position.seq)
        return false
      }
      await applyEntries(this.#models, this.#mongo, entries)
    } catch (failure) {
      this.#stale = true
      // Committed, but a read would not show it yet: the same commit id, sent again, is answered when it does.
      throw unknownOutcome(failure)
    }
    this.#head = { ...last.position, commitId: last.commit.id }
    this.#applied = last.position.seq
    return true
  }

  /** Is the newest entry this process knows of still there? A store may lose its data under a process that runs on. */
  async #endsWhereKnown(): Promise<boolean> {
    const { seq, commitId } = this.#head
    if (seq === 0) return true
    try {
      const found = await this.#models.log.findOne({ _id: seq }, { commitId: 1 }).lean().exec()
      return found?.commitId === commitId
    } catch (failure) {
      throw mongoFailure(failure)
    }
  }

  async #positions(commitIds: readonly string[]): Promise<ReadonlyMap<string, Position>> {
    const found = await this.#models.log
      .find({ commitId: { $in: [...commitIds] } }, { commitId: 1, epoch: 1 })
      .lean()
      .exec()
    return new Map(found.map(({ _id, commitId, epoch }) => [commitId, { epoch, seq: _id }]))
  }

  async #versions(keys: readonly RecordKey[]): Promise<ReadonlyMap<string, number>> {
    const versions = new Map<string, number>()
    const byKind = Map.groupBy(keys, key => key.kind)
    await Promise.all(
      [...byKind].map(async ([kind, some]) => {
        const found = await modelOf(this.#models, kind)
          .find({ _id: { $in: some.map(key => key.id) } }, { version: 1 })
          .lean()
          .exec()
        for (const { _id, version } of found) versions.set(addressOf({ kind, id: _id }), version)
      }),
    )
    return versions
  }
}
