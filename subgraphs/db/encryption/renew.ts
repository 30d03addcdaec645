import { randomUUID } from 'node:crypto'
import type { Dispatcher } from '../../../dispatch/port.ts'
import { type Clock, type Random, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { CommentRecord, StoredRecord, TaskRecord } from '../record.ts'
import type { TaskStore } from '../task-store.ts'
import type { Writer } from '../writer.ts'
import type { Vault } from './vault.ts'

/** Kinds that hold something encrypted, in the order in which they are walked over. */
export const encryptedKinds = ['task', 'comment', 'receipt'] as const
export type EncryptedKind = (typeof encryptedKinds)[number]

export interface RenewParts {
  /** Reads of the present, with records as they are stored. */
  readonly stored: Pick<Dispatcher<TaskStore>, 'call'>
  /** Encrypts what it writes. */
  readonly writer: Pick<Writer, 'commit'>
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
}

/** What a part of a walk over the records of a kind has found. */
export interface EncryptionPage {
  readonly records: number
  /** How many are encrypted with a key, by its id. */
  readonly byKey: Readonly<Record<string, number>>
  /** How many are not as they would be written now: of an old key, not encrypted yet, or not to be any more. */
  readonly outdated: number
  /** How many of those are encrypted with a key that is not there, by its id. */
  readonly locked: Readonly<Record<string, number>>
  /** How many were written anew. */
  readonly renewed: number
  /** The id to go on behind; undefined: that was all. */
  readonly next: string | undefined
}

const pageMax = 100
/** About. Records in one commit. */
const commitBytesMax = 512 * 1024
const triesMax = 20
const jitterMs = 200
/** Nobody waits for an answer here. Milliseconds. */
const patience = { timeoutMs: 10_000, attemptMs: 10_000 } as const

/** Counts how the next records of a kind are stored; '' begins. Changes nothing. */
export async function encryptionPage(
  { stored, vault }: Pick<RenewParts, 'stored' | 'vault'>,
  kind: EncryptedKind,
  afterId: string,
): Promise<EncryptionPage> {
  return counted(await stored.call('scan', { kind, afterId, limit: pageMax }, patience), vault)
}

/**
 * Writes those of the next records anew that are not stored as they would be now, each with a version of its own and without
 * an event, since nothing has happened to them. What is done stays done: a walk that is broken off is begun again and
 * passes over it. Records whose key is missing stay as they are. Receipts are left to expire: none can be written anew.
 */
export async function renewPage(
  parts: RenewParts,
  kind: EncryptedKind,
  afterId: string,
): Promise<EncryptionPage> {
  const { stored, vault } = parts
  const found = await stored.call('scan', { kind, afterId, limit: pageMax }, patience)
  const isWaiting = (record: StoredRecord): record is TaskRecord | CommentRecord =>
    record.kind !== 'receipt' && !vault.isCurrent(record) && isOpenable(vault, record)
  let waiting = found.filter(isWaiting)
  let renewed = 0
  for (let tried = 0; waiting.length > 0; tried++) {
    if (tried === triesMax) {
      const why = `others changed the same records ${triesMax} times in between; begin again to go on`
      throw new EnneadError('UNAVAILABLE', why)
    }
    if (tried > 0) await sleep(parts.clock, parts.random() * jitterMs)
    // After a conflict each for itself, so that one that is changed all the time holds up no other.
    const groups = tried === 0 ? commitsOf(waiting) : waiting.map(record => [record])
    for (const some of groups) renewed += await renewSome(parts, some)
    const again = await stored.call(
      'read',
      waiting.map(({ id }) => ({ kind, id })),
      patience,
    )
    waiting = again.filter(record => record !== undefined).filter(isWaiting)
  }
  return { ...counted(found, vault), renewed }
}

function counted(found: readonly StoredRecord[], vault: Vault): EncryptionPage {
  const outdated = found.filter(record => !vault.isCurrent(record))
  const absent = outdated.flatMap(keysIn).filter(id => vault.keys?.find(id) === undefined)
  return {
    records: found.length,
    byKey: counts(found.flatMap(keysIn)),
    outdated: outdated.length,
    locked: counts(absent),
    renewed: 0,
    next: found.length < pageMax ? undefined : found.at(-1)?.id,
  }
}

/** Writes records of one workspace anew, all or none; answers how many. */
async function renewSome(
  { writer, vault, clock }: RenewParts,
  records: readonly (TaskRecord | CommentRecord)[],
): Promise<number> {
  const [first] = records
  if (first === undefined) return 0
  const { workspaceId } = first
  const { is } = await writer.commit({
    id: randomUUID(),
    workspaceId,
    // Nobody of the workspace did this; the deployment did.
    actorId: workspaceId,
    at: new Date(clock.wall()).toISOString(),
    expects: records.map(({ kind, id, version }) => ({ kind, id, version })),
    puts: records.map(record => ({ ...vault.open(record), version: record.version + 1 })),
    event: undefined,
  })
  return is === 'committed' ? records.length : 0
}

/** The records in parts of one workspace that no store chokes on. */
function commitsOf<R extends StoredRecord>(records: readonly R[]): readonly (readonly R[])[] {
  const commits: R[][] = []
  let last: R[] = []
  let bytes = 0
  for (const record of records) {
    const size = JSON.stringify(record).length
    if (last[0]?.workspaceId !== record.workspaceId || bytes + size > commitBytesMax) {
      last = []
      bytes = 0
      commits.push(last)
    }
    last.push(record)
    bytes += size
  }
  return commits
}

function isOpenable(vault: Vault, record: StoredRecord): boolean {
  return keysIn(record).every(id => vault.keys?.find(id) !== undefined)
}

function keysIn(record: StoredRecord): readonly string[] {
  const inside = record.kind === 'receipt' ? keysIn(record.answer) : []
  return [...new Set([...inside, ...(record.sealed === undefined ? [] : [record.sealed.key])])]
}

function counts(ids: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(ids, id => id)].map(([id, all]) => [id, all.length]))
}
