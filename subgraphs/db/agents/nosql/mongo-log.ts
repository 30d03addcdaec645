import type { Random } from '../../../../kernel/clock.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import { diverged, emptyHead, entriesBehind, type LogHead } from '../../log-order.ts'
import type { Commit, CommitOutcome, LogEntry, Position, RecordKey } from '../../task-store.ts'
import { addressOf, decideBatch } from '../../commit-batch.ts'
import { applyEntries, modelOf } from './mongo-apply.ts'
import { isDuplicate, mongoFailure, type MongoConnection, wasNeverSent } from './mongo-connection.ts'
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
  readonly #random: Random
  #head: LogHead = emptyHead
  /** All entries up to here are in the records. */
  #applied = 0
  /** What this process knows of the head and the records may be behind what is stored. */
  #stale = true

  constructor(models: MongoModels, mongo: MongoConnection, random: Random) {
    this.#models = models
    this.#mongo = mongo
    this.#random = random
  }

  get stale(): boolean {
    return this.#stale
  }

  get applied(): number {
    return this.#applied
  }

  /** Decides and writes a batch. In the lane only. */
  async commit(commits: readonly Commit[]): Promise<readonly CommitOutcome[]> {
    for (let round = 0; round < roundsMax; round++) {
      await this.settle()
      const [positions, versions] = await Promise.all([
        this.#positions(commits.map(commit => commit.id)),
        this.#versions(commits.flatMap(commit => commit.expects)),
      ]).catch((failure: unknown) => {
        throw mongoFailure(failure)
      })
      const { outcomes, entries } = decideBatch(commits, {
        head: this.#head,
        positionOf: id => positions.get(id),
        versionOf: key => versions.get(addressOf(key)) ?? 0,
        random: this.#random,
      })
      if (await this.#append(entries)) return outcomes
    }
    throw unknownOutcome()
  }

  /** Takes over what follows the own log. In the lane only. */
  async absorb(entries: readonly LogEntry[]): Promise<Position> {
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
    const { log, marker } = this.#models
    const found = await marker.findOne({ _id: 'applied' }).lean().exec()
    this.#applied = found?.seq ?? 0
    for (;;) {
      const behind = await log
        .find({ _id: { $gt: this.#applied } })
        .sort({ _id: 1 })
        .limit(catchUpMax)
        .lean()
        .exec()
      const last = behind.at(-1)
      if (last === undefined) break
      await applyEntries(this.#models, this.#mongo, behind.map(entryOf))
      this.#applied = last._id
    }
    const newest = await log.findOne().sort({ _id: -1 }).lean().exec()
    this.#head =
      newest === null ? emptyHead : { epoch: newest.epoch, seq: newest._id, commitId: newest.commitId }
    if (newest !== null && newest._id > this.#applied) await this.#catchUp()
  }

  /** Writes entries behind the head; false when another process has taken a place. */
  async #append(entries: readonly LogEntry[]): Promise<boolean> {
    const last = entries.at(-1)
    if (last === undefined) return true
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
