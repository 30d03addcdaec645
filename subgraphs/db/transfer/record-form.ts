import { EnneadError } from '../../../kernel/errors.ts'
import { searchTextOf } from '../commands/task-fields.ts'
import type { RecordKind, StoredRecord } from '../record.ts'
import {
  type FieldForm,
  idOf,
  instant,
  listOf,
  matching,
  oneOf,
  orNull,
  textOf,
  wholeNumber,
  yesOrNo,
} from './field-form.ts'
import { sealedFieldsIn } from './sealed-form.ts'

/** Kinds that leave in an export, in an order in which nothing stands before what it needs. Guards are made anew from them. */
export const transferKinds = ['project', 'label', 'task', 'comment', 'receipt'] as const
export type TransferKind = (typeof transferKinds)[number]
export type TransferRecord = Extract<StoredRecord, { kind: TransferKind }>

/** What is not written because it follows from the rest. */
const derived = 'searchText'

type Fields<K extends RecordKind> = Readonly<
  Record<Exclude<keyof Extract<StoredRecord, { kind: K }>, 'kind' | 'sealed' | typeof derived>, FieldForm>
>

const common = {
  workspaceId: idOf('Workspace'),
  version: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  createdAt: instant,
  updatedAt: instant,
} as const

const actor: FieldForm = value =>
  (['User', 'ServiceAccount', 'Workspace'] as const).some(kind => idOf(kind)(value) === undefined)
    ? undefined
    : 'must be the id of a user, service account or workspace'
const hash = matching(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal')

/** Every field of every kind: one that record.ts gets and this does not have is a type error. Limits are the commands'. */
const forms: { readonly [K in TransferKind]: Fields<K> } = {
  project: {
    id: idOf('Project'),
    ...common,
    key: matching(/^[A-Z][A-Z0-9]{0,9}$/, '1 to 10 of A–Z and 0–9, a letter first'),
    name: textOf(1, 200),
    archived: yesOrNo,
    creatorId: actor,
  },
  label: {
    id: idOf('Label'),
    ...common,
    name: textOf(1, 50),
    colour: matching(/^#[0-9a-f]{6}$/, 'six hexadecimal digits after a hash sign, e.g. #1f6feb'),
  },
  task: {
    id: idOf('Task'),
    ...common,
    number: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    projectId: idOf('Project'),
    title: textOf(1, 500),
    description: orNull(textOf(0, 50_000)),
    status: oneOf(['BACKLOG', 'TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED']),
    priority: wholeNumber(0, 4),
    startAt: orNull(instant),
    dueAt: orNull(instant),
    completedAt: orNull(instant),
    estimateMinutes: orNull(wholeNumber(0, 1_000_000)),
    creatorId: actor,
    assigneeIds: listOf(actor, 50),
    labelIds: listOf(idOf('Label'), 50),
    parentId: orNull(idOf('Task')),
    blockedByIds: listOf(idOf('Task'), 50),
    deletedAt: orNull(instant),
  },
  comment: {
    id: idOf('Comment'),
    ...common,
    taskId: idOf('Task'),
    body: textOf(1, 20_000),
    authorId: actor,
  },
  receipt: {
    id: hash,
    ...common,
    requestHash: hash,
    answer: value => refusalOf(() => answerIn(value)),
    expiresAt: instant,
  },
}

/**
 * The record a line of an export holds, complete again. Throws IMPORT_INVALID that says which field is wrong and what it
 * must be: an unknown or missing field too, so that nothing is lost in silence. What is encrypted is checked where it is opened.
 */
export function recordIn(value: unknown): TransferRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('it is not a record: an object with a kind is')
  }
  const given: Readonly<Record<string, unknown>> = { ...value }
  const kind = transferKinds.find(known => known === given['kind'])
  if (kind === undefined) {
    throw invalid(`kind must be one of ${transferKinds.join(', ')}, got ${shown(given['kind'])}`)
  }
  const form = new Map(Object.entries<FieldForm>(forms[kind]))
  const encrypted = sealedFieldsIn(kind, given)
  if (typeof encrypted === 'string') throw invalid(`${kind} ${shown(given['id'])}: ${encrypted}`)
  const unknown = Object.keys(given).find(name => name !== 'kind' && name !== 'sealed' && !form.has(name))
  if (unknown !== undefined) throw invalid(`a ${kind} has no field ${shown(unknown)}`)
  for (const [name, wrongOf] of form) {
    if (encrypted.has(name)) continue
    const wrong = name in given ? wrongOf(given[name]) : 'is missing'
    if (wrong !== undefined) throw invalid(`${kind} ${shown(given['id'])}: ${name} ${wrong}`)
  }
  return complete(given)
}

/** The record as an export writes it: without what follows from the rest. */
export function written(record: TransferRecord): Readonly<Record<string, unknown>> {
  if (record.kind === 'receipt') {
    // Commands answer with records that clients see, and those leave in an export.
    return { ...record, answer: written(record.answer as TransferRecord) }
  }
  const { [derived]: _, ...rest } = { [derived]: '', ...record }
  return rest
}

/** Each field has just been checked to be what the kind's type says, but for the text that is searched. */
function complete(checked: Readonly<Record<string, unknown>>): TransferRecord {
  if (checked['kind'] === 'receipt') {
    return { ...checked, answer: answerIn(checked['answer']) } as TransferRecord
  }
  const record = checked as unknown as TransferRecord
  return record.kind === 'task' ? { ...record, searchText: searchTextOf(record) } : record
}

/** What a receipt remembers. No receipt remembers another, so that nothing nests without end. */
function answerIn(value: unknown): TransferRecord {
  if (Object(value)['kind'] === 'receipt') throw invalid('a receipt does not answer with a receipt')
  return recordIn(value)
}

function refusalOf(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  } catch (failure) {
    if (failure instanceof EnneadError) return `is wrong: ${failure.message}`
    throw failure
  }
}

function invalid(why: string): EnneadError {
  return new EnneadError('IMPORT_INVALID', why)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80)
}
