import { EnneadError } from '../../../kernel/errors.ts'
import { addressOf } from '../commit-batch.ts'
import {
  counterOf,
  labelCountGuard,
  labelNameGuard,
  numberGuard,
  projectKeyGuard,
} from '../commands/guards.ts'
import { labelsMax } from '../commands/create-label.ts'
import { canonical } from '../receipt.ts'
import type { GuardRecord, StoredRecord } from '../record.ts'
import type { RecordKey } from '../task-store.ts'
import type { TransferRecord } from './record-form.ts'

/** What to do with a record that is stored already and differs: refuse the import, or keep what is stored. */
export type ExistingPolicy = 'refuse' | 'keep'

/** A task that a record names and that is neither stored nor imported with it; it may come later. */
export interface MissingTask {
  /** Which of the records names it. */
  readonly index: number
  readonly field: 'parentId' | 'blockedByIds'
  readonly id: string
}

export interface ImportPlan {
  /** Records to store, with their places among those given. */
  readonly puts: readonly TransferRecord[]
  /** Guards to raise along with them, by workspace. */
  readonly guards: readonly { readonly guard: GuardRecord; readonly current: StoredRecord | undefined }[]
  readonly missing: readonly MissingTask[]
  /** Stored already, and the same. */
  readonly same: number
  /** Stored already, differing, and kept. */
  readonly kept: number
}

/** Everything that must be known to plan an import of these records. */
export function keysOf(records: readonly TransferRecord[]): readonly RecordKey[] {
  const keys = records.flatMap(record => [
    record,
    ...guardKeysOf(record),
    ...namedBy(record).map(({ key }) => key),
  ])
  return [...new Map(keys.map(({ kind, id }) => [addressOf({ kind, id }), { kind, id }])).values()]
}

/**
 * Decides what an import of these records changes, by what is stored. Throws IMPORT_INVALID or IMPORT_CONFLICT, with the
 * record's `index` in its facts, for one that cannot be imported; then none is.
 */
export function planImport(
  records: readonly TransferRecord[],
  stored: ReadonlyMap<string, StoredRecord>,
  existing: ExistingPolicy,
  at: string,
): ImportPlan {
  const guards = new Guards(stored, at)
  const batch = new Map<string, TransferRecord>()
  const puts: TransferRecord[] = []
  const missing: MissingTask[] = []
  let same = 0
  let kept = 0
  for (const [index, record] of records.entries()) {
    const address = addressOf(record)
    if (batch.has(address)) throw refusal('IMPORT_INVALID', index, `${told(record)} comes twice`)
    batch.set(address, record)
    const held = stored.get(address)
    if (held !== undefined && canonical(held) === canonical(record)) same++
    else if (held !== undefined && existing === 'keep') kept++
    else if (held !== undefined) throw refusal('IMPORT_CONFLICT', index, differs(record, held))
    else puts.push(record)
  }
  for (const [index, record] of records.entries()) {
    if (stored.has(addressOf(record))) continue
    for (const named of namedBy(record)) {
      const found = stored.get(addressOf(named.key)) ?? batch.get(addressOf(named.key))
      if (found?.workspaceId === record.workspaceId) continue
      if (found === undefined && named.later !== undefined) {
        missing.push({ index, field: named.later, id: named.key.id })
        continue
      }
      const what = `${told(record)} names the ${named.key.kind} ${named.key.id}, which its workspace does not have`
      throw refusal('IMPORT_INVALID', index, found === undefined ? `${what}; it must come before` : what)
    }
    guards.raiseFor(record, index)
  }
  return { puts, guards: guards.raised(), missing, same, kept }
}

/** A refusal that knows which of the records it is about. */
export function refusal(code: 'IMPORT_INVALID' | 'IMPORT_CONFLICT', index: number, why: string): EnneadError {
  return new EnneadError(code, why, { facts: { index } })
}

/** The records a record names. `later`: they may follow it. */
function namedBy(
  record: TransferRecord,
): readonly { readonly key: RecordKey; readonly later: MissingTask['field'] | undefined }[] {
  if (record.kind === 'comment') return [{ key: { kind: 'task', id: record.taskId }, later: undefined }]
  if (record.kind !== 'task') return []
  const { projectId, labelIds, parentId, blockedByIds } = record
  return [
    { key: { kind: 'project', id: projectId }, later: undefined },
    ...labelIds.map(id => ({ key: { kind: 'label', id } as const, later: undefined })),
    ...(parentId === null
      ? []
      : [{ key: { kind: 'task', id: parentId } as const, later: 'parentId' as const }]),
    ...blockedByIds.map(id => ({ key: { kind: 'task', id } as const, later: 'blockedByIds' as const })),
  ]
}

function guardKeysOf(record: TransferRecord): readonly RecordKey[] {
  const { workspaceId } = record
  if (record.kind === 'project') return [projectKeyGuard(workspaceId, record.key)]
  if (record.kind === 'task') return [numberGuard(record.projectId)]
  if (record.kind !== 'label') return []
  return [labelNameGuard(workspaceId, record.name), labelCountGuard(workspaceId)]
}

/** What keeps names unique and numbers rising, raised by records as the commands raise it that make them. */
class Guards {
  readonly #stored: ReadonlyMap<string, StoredRecord>
  readonly #at: string
  readonly #raised = new Map<string, GuardRecord>()

  constructor(stored: ReadonlyMap<string, StoredRecord>, at: string) {
    this.#stored = stored
    this.#at = at
  }

  raiseFor(record: TransferRecord, index: number): void {
    const { workspaceId } = record
    switch (record.kind) {
      case 'project':
        this.#name(projectKeyGuard(workspaceId, record.key), record, index, `the key ${record.key}`)
        return
      case 'label': {
        this.#name(
          labelNameGuard(workspaceId, record.name),
          record,
          index,
          `the name ${JSON.stringify(record.name)}`,
        )
        const counter = labelCountGuard(workspaceId)
        const count = this.#count(counter) + 1
        if (count > labelsMax) {
          throw refusal('IMPORT_CONFLICT', index, `the workspace would have more than ${labelsMax} labels`)
        }
        this.#raise(counter, workspaceId, count)
        return
      }
      case 'task': {
        const counter = numberGuard(record.projectId)
        if (record.number > this.#count(counter)) this.#raise(counter, workspaceId, record.number)
        return
      }
      case 'comment':
      case 'receipt':
    }
  }

  raised(): ImportPlan['guards'] {
    return [...this.#raised].map(([address, guard]) => ({ guard, current: this.#stored.get(address) }))
  }

  #name(key: RecordKey, record: TransferRecord, index: number, what: string): void {
    const held = this.#raised.get(addressOf(key)) ?? this.#stored.get(addressOf(key))
    const holder = held?.kind === 'guard' ? held.value : undefined
    if (holder === record.id) return
    if (holder !== undefined) {
      throw refusal('IMPORT_CONFLICT', index, `${told(record)} cannot have ${what}: ${holder} has it here`)
    }
    this.#raise(key, record.workspaceId, record.id)
  }

  #count(key: RecordKey): number {
    return counterOf(this.#raised.get(addressOf(key)) ?? this.#stored.get(addressOf(key)))
  }

  #raise({ id }: RecordKey, workspaceId: string, value: number | string): void {
    const current = this.#stored.get(addressOf({ kind: 'guard', id }))
    this.#raised.set(addressOf({ kind: 'guard', id }), {
      kind: 'guard',
      id,
      workspaceId,
      version: (current?.version ?? 0) + 1,
      createdAt: current?.createdAt ?? this.#at,
      updatedAt: this.#at,
      value,
    })
  }
}

function told(record: StoredRecord): string {
  return `${record.kind} ${record.id}`
}

function differs(record: TransferRecord, held: StoredRecord): string {
  const here =
    held.version === record.version
      ? 'in the same version, with another content'
      : `in version ${held.version}`
  return `${told(record)} is version ${record.version} in the file and stored here ${here}; with --existing keep it stays as it is here`
}
