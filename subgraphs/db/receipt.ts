import { createHash } from 'node:crypto'
import type { ReceiptRecord, StoredRecord } from './record.ts'
import type { RecordKey } from './task-store.ts'
import type { Viewer } from './viewer.ts'

/** What identifies a write that may be repeated. */
export interface Idempotency {
  readonly key: RecordKey
  readonly requestHash: string
}

/**
 * The receipt's address, which is the viewer's own (another workspace or actor with the same key is independent), and
 * the hash of what was asked for, without `clientMutationId`.
 */
export function idempotencyOf(viewer: Viewer, key: string, command: string, input: object): Idempotency {
  const id = sha256(JSON.stringify([viewer.workspaceId, viewer.actorId, key]))
  const requestHash = sha256(`${command} ${canonical({ ...input, clientMutationId: undefined })}`)
  return { key: { kind: 'receipt', id }, requestHash }
}

/** The receipt that goes into the commit it belongs to. `current`: the one whose time is past, if there is one. */
export function receiptOf(
  { key, requestHash }: Idempotency,
  answer: StoredRecord,
  current: StoredRecord | undefined,
  viewer: Viewer,
  at: string,
  expiresAt: string,
): ReceiptRecord {
  return {
    kind: 'receipt',
    id: key.id,
    workspaceId: viewer.workspaceId,
    version: (current?.version ?? 0) + 1,
    createdAt: at,
    updatedAt: at,
    requestHash,
    answer,
    expiresAt,
  }
}

/** JSON with sorted keys; fields left out and fields set to undefined are the same, null is not. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
  return `{${fields.join(',')}}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
