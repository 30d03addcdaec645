import type { IdKind } from '../../../kernel/global-id.ts'
import type { UserError, UserErrorCode } from '../../service/user-error.ts'
import type { StoredRecord } from '../record.ts'
import type { ChangeEvent, RecordKey } from '../task-store.ts'
import type { Viewer, VisibleKind, VisibleRecord } from '../viewer.ts'

/** What a command needs to know before it can go on. */
export interface Question {
  readonly keys: readonly RecordKey[]
  /** Actors of whom it must be known whether members of the workspace may refer to them. */
  readonly actorIds: readonly string[]
}

/** The answer: records in the order of the keys, and those of the actors that are known. */
export interface Facts {
  readonly records: readonly (StoredRecord | undefined)[]
  readonly actors: ReadonlySet<string>
}

/** A decision in the making: yields questions, is given facts, and touches nothing itself. */
export type Steps<T> = Generator<Question, T, Facts>

/** Where a command runs: for whom, when, and with which new ids. */
export interface CommandContext {
  readonly viewer: Viewer
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string
  readonly newId: (kind: IdKind) => string
}

/** What a command decided. */
export type Decision<R extends VisibleRecord> =
  | {
      readonly is: 'write'
      /** Records as they shall be; each one's version is one above the one it was computed from. */
      readonly puts: readonly StoredRecord[]
      /** Records that were only read and must still be the same for the decision to be right. */
      readonly relies: readonly StoredRecord[]
      readonly event: Omit<ChangeEvent, 'id'> | undefined
      readonly answer: R
    }
  /** Everything is as asked for already. */
  | { readonly is: 'unchanged'; readonly answer: R }
  /** `current`: the record as it is now, with VERSION_MISMATCH. */
  | { readonly is: 'refused'; readonly errors: readonly UserError[]; readonly current: R | undefined }

/** One kind of change. Pure: the same facts, context and input give the same decision. */
export interface Command<I, R extends VisibleRecord> {
  readonly name: string
  readonly decide: (input: I, context: CommandContext) => Steps<Decision<R>>
}

export function refused(errors: readonly UserError[]): Decision<never> {
  return { is: 'refused', errors, current: undefined }
}

/** A refusal for one reason. `path` leads into the mutation's arguments. */
export function refuse(code: UserErrorCode, message: string, path: readonly string[]): Decision<never> {
  return refused([{ code, message, path }])
}

/** The records of these keys. */
export function* ask(
  keys: readonly RecordKey[],
  actorIds: readonly string[] = [],
): Generator<Question, Facts, Facts> {
  return yield { keys, actorIds }
}

/** The record when it is of this kind and the viewer may read it. */
export function visible<K extends VisibleKind>(
  viewer: Viewer,
  kind: K,
  record: StoredRecord | undefined,
): Extract<VisibleRecord, { kind: K }> | undefined {
  if (record === undefined || record.kind !== kind) return undefined
  // The kind was just compared.
  const one = record as Extract<VisibleRecord, { kind: K }>
  return viewer.can('read', one) ? one : undefined
}
