import type { VisibleRecord } from '../viewer.ts'
import type { Decision } from './command.ts'

/** The refusal of a change that was made for another version of the record, with the record as it is now. */
export function staleVersion<R extends VisibleRecord>(
  record: R,
  expected: number | null | undefined,
  path: readonly string[],
): Decision<R> | undefined {
  if (expected === undefined || expected === null || expected === record.version) return undefined
  const message = `the ${record.kind} is at version ${record.version}, not ${expected}`
  return { is: 'refused', errors: [{ code: 'VERSION_MISMATCH', message, path }], current: record }
}
