import { randomUUID } from 'node:crypto'
import type { CallOptions, Dispatcher } from '../../dispatch/port.ts'
import { type Clock, type Random, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { kindOfGlobalId, newGlobalId } from '../../kernel/global-id.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import type { UserError } from '../service/user-error.ts'
import type { Command, CommandContext, Decision, Facts, Question } from './commands/command.ts'
import { InputCheck } from './commands/input-check.ts'
import { type Idempotency, idempotencyOf, receiptOf } from './receipt.ts'
import { RecentRecords } from './recent-records.ts'
import type { ReceiptRecord, StoredRecord } from './record.ts'
import type { Commit, RecordKey, TaskStore } from './task-store.ts'
import { type Viewer, type VisibleRecord, idKinds } from './viewer.ts'
import type { Writer } from './writer.ts'

export interface CommandRunnerParts {
  readonly store: Pick<Dispatcher<TaskStore>, 'call'>
  readonly writer: Pick<Writer, 'commit'>
  readonly actors: ActorDirectory
  /** Learns the primary's head, when records have other versions than this process thought. */
  readonly look: () => Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly limits: { readonly triesMax: number; readonly receiptMs: number }
}

export interface CommandCall<I> {
  readonly input: I
  readonly viewer: Viewer
  readonly idempotencyKey: string | undefined
  readonly signal: AbortSignal
  /** What the caller has left. Milliseconds. */
  readonly remainingMs: number
}

/** What became of a command. */
export interface CommandResult<R> {
  /** The record written, or the one in the way; undefined when refused otherwise. */
  readonly record: R | undefined
  /** Empty: it is done. */
  readonly errors: readonly UserError[]
  /** An earlier call with the same idempotency key did it. */
  readonly replayed: boolean
}

/** One try of a command: the decision, and what it stands on. */
interface Try<R extends VisibleRecord> {
  readonly decision: Decision<R>
  readonly receipt: StoredRecord | undefined
  /** Commits that must succeed for the facts to be true. */
  readonly pending: readonly Promise<unknown>[]
  /** When it was decided. */
  readonly at: string
}

const jitterMs = { first: 2, last: 50 } as const

/**
 * Runs commands: reads what they ask for, lets them decide, and commits. When records have changed in between, all of
 * it is done anew, a bounded number of times. A command with an idempotency key leaves a receipt in the same commit, so
 * that the change and the memory of it cannot be told apart; two calls with one key at the same time are a conflict,
 * after which the later one finds the receipt of the first.
 */
export class CommandRunner {
  readonly #parts: CommandRunnerParts
  readonly #recent = new RecentRecords()

  constructor(parts: CommandRunnerParts) {
    this.#parts = parts
  }

  /**
   * Rejects with UNAVAILABLE when a store or the actor directory cannot be asked, UNKNOWN_COMMIT_OUTCOME,
   * DEADLINE_EXCEEDED; everything a caller can act on is in the result's errors.
   */
  async run<I extends object, R extends VisibleRecord>(
    command: Command<I, R>,
    call: CommandCall<I>,
  ): Promise<CommandResult<R>> {
    const { limits } = this.#parts
    const { idempotencyKey, viewer, input } = call
    const keyErrors = checkKey(idempotencyKey)
    if (keyErrors.length > 0) return { record: undefined, errors: keyErrors, replayed: false }
    const idempotency =
      idempotencyKey === undefined ? undefined : idempotencyOf(viewer, idempotencyKey, command.name, input)
    let speculate = true
    for (let tried = 0; tried < limits.triesMax; tried++) {
      if (tried > 0) await this.#pause(tried, call.signal)
      const one = await this.#tryOnce(command, call, idempotency, speculate)
      const told = this.#tell(one, idempotency)
      if (told !== undefined && one.pending.length > 0) {
        // What is told must be true: wait for what it stands on and decide again from what is committed.
        await Promise.all(one.pending)
        speculate = false
        continue
      }
      if (told !== undefined) return told
      const done = await this.#commit(one, call, idempotency)
      if (done !== undefined) return done
    }
    const message = `others changed the same records ${limits.triesMax} times in between; try again`
    return { record: undefined, errors: [{ code: 'CONFLICT', message, path: null }], replayed: false }
  }

  /** Reads and decides. Nothing may wait between the last facts and the commit, so that commands line up. */
  async #tryOnce<I, R extends VisibleRecord>(
    command: Command<I, R>,
    { input, viewer, signal, remainingMs }: CommandCall<I>,
    idempotency: Idempotency | undefined,
    speculate: boolean,
  ): Promise<Try<R>> {
    const wall = this.#parts.clock.wall()
    const context: CommandContext = {
      viewer,
      at: new Date(wall).toISOString(),
      newId: kind => newGlobalId(kind, wall),
    }
    const pending = new Set<Promise<unknown>>()
    const learn = async ({ keys, actorIds }: Question): Promise<Facts> => {
      const facts = await this.#answer({ keys, actorIds }, viewer, { signal, remainingMs })
      const records = keys.map((key, index) => {
        const stored = facts.records[index]
        const known = this.#recent.newest(key, stored)
        if (known.pending !== undefined && !speculate) return stored
        if (known.pending !== undefined) pending.add(known.pending)
        return known.record
      })
      return { records, actors: facts.actors }
    }
    const remembered =
      idempotency === undefined ? undefined : await learn({ keys: [idempotency.key], actorIds: [] })
    const steps = command.decide(input, context)
    let step = steps.next()
    while (step.done !== true) step = steps.next(await learn(step.value))
    return { decision: step.value, receipt: remembered?.records[0], pending: [...pending], at: context.at }
  }

  async #answer(question: Question, viewer: Viewer, options: CallOptions): Promise<Facts> {
    const { store, actors } = this.#parts
    const { keys, actorIds } = question
    const askable = keys.filter(isPossible)
    const { workspaceId } = viewer
    const signal = options.signal ?? new AbortController().signal
    const people = actorIds.filter(id => kindOfGlobalId(id) !== undefined)
    const [found, known] = await Promise.all([
      askable.length === 0 ? [] : store.call('read', askable, options),
      people.length === 0 ? new Set<string>() : actors.known(workspaceId, people, signal),
    ])
    const records = new Map(askable.map((key, index) => [key, found[index]]))
    return { records: keys.map(key => records.get(key)), actors: known }
  }

  /** What can be told without a commit; undefined: there is something to commit. */
  #tell<R extends VisibleRecord>(
    { decision, receipt }: Try<R>,
    idempotency: Idempotency | undefined,
  ): CommandResult<R> | undefined {
    const valid = this.#validReceipt(receipt)
    if (valid !== undefined && idempotency !== undefined) return replay(valid, idempotency)
    if (decision.is === 'refused') {
      return { record: decision.current, errors: decision.errors, replayed: false }
    }
    // With a key even "unchanged" leaves a receipt: the same call must answer the same after the record has changed.
    if (decision.is === 'unchanged' && idempotency === undefined) {
      return { record: decision.answer, errors: [], replayed: false }
    }
    return undefined
  }

  /** Undefined: conflict. */
  async #commit<I, R extends VisibleRecord>(
    { decision, receipt, at }: Try<R>,
    { viewer, signal, remainingMs }: CommandCall<I>,
    idempotency: Idempotency | undefined,
  ): Promise<CommandResult<R> | undefined> {
    if (decision.is === 'refused') throw new EnneadError('INTERNAL', 'a refusal was to be committed')
    const { writer, limits } = this.#parts
    const wall = Date.parse(at)
    const { answer } = decision
    const puts = decision.is === 'write' ? [...decision.puts] : []
    const relies = decision.is === 'write' ? decision.relies : [answer]
    if (idempotency !== undefined) {
      const expiresAt = new Date(wall + limits.receiptMs).toISOString()
      puts.push(receiptOf(idempotency, answer, receipt, viewer, at, expiresAt))
    }
    const event = decision.is === 'write' ? decision.event : undefined
    const commit: Commit = {
      id: randomUUID(),
      workspaceId: viewer.workspaceId,
      actorId: viewer.actorId,
      at,
      expects: [
        ...puts.map(({ kind, id, version }) => ({ kind, id, version: version - 1 })),
        ...relies.map(({ kind, id, version }) => ({ kind, id, version })),
      ],
      puts,
      event: event === undefined ? undefined : { ...event, id: newGlobalId('Event', wall) },
    }
    const outcome = writer.commit(commit, { signal, remainingMs })
    this.#recent.note(
      puts,
      outcome.then(
        ({ is }) => is === 'committed',
        () => false,
      ),
    )
    const settled = await outcome
    if (settled.is === 'committed') return { record: answer, errors: [], replayed: false }
    this.#recent.forget(settled.keys)
    // Not being able to look is not the end: the next try finds out more.
    await this.#parts.look().catch(() => undefined)
    return undefined
  }

  #validReceipt(record: StoredRecord | undefined): ReceiptRecord | undefined {
    if (record?.kind !== 'receipt') return undefined
    return record.expiresAt > new Date(this.#parts.clock.wall()).toISOString() ? record : undefined
  }

  async #pause(tried: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts
    const longest = Math.min(jitterMs.last, jitterMs.first * 2 ** (tried - 1))
    await sleep(clock, random() * longest, signal)
  }
}

function replay<R extends VisibleRecord>(
  receipt: ReceiptRecord,
  { requestHash }: Idempotency,
): CommandResult<R> {
  if (receipt.requestHash !== requestHash) {
    const message = 'this idempotency key was used for another input'
    const path = ['idempotencyKey']
    return {
      record: undefined,
      errors: [{ code: 'IDEMPOTENCY_CONFLICT', message, path }],
      replayed: false,
    }
  }
  // The same command with the same input answered it, and a command answers records of one kind.
  return { record: receipt.answer as R, errors: [], replayed: true }
}

function checkKey(key: string | undefined): readonly UserError[] {
  const check = new InputCheck([])
  if (key !== undefined) check.text('idempotencyKey', key, 1, 128)
  return check.errors
}

/** An id that names another kind, or nothing of ours, cannot be that of a record; stores need not see it. */
function isPossible({ kind, id }: RecordKey): boolean {
  if (kind === 'guard' || kind === 'receipt') return true
  return kindOfGlobalId(id) === idKinds[kind]
}
