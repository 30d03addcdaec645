import { EnneadError } from '../../kernel/errors.ts'
import type { Commit } from './task-store.ts'

/** The longest id or name any store takes as a key, in bytes of UTF-8: LMDB's keys, of several of them, end at 1,978. */
export const keyBytesMax = 480

/** Why some store could not take this commit over, so that it must not be chosen; undefined: all of them can. */
export function unstorable({ id, workspaceId, puts, event }: Commit): EnneadError | undefined {
  const keys = [id, workspaceId, ...puts.flatMap(keysOf)]
  if (event !== undefined) keys.push(event.projectId, event.taskId)
  if (keys.every(key => Buffer.byteLength(key) <= keyBytesMax)) return undefined
  return new EnneadError('BAD_USER_INPUT', `an id has more than ${keyBytesMax} bytes`)
}

function keysOf(record: Commit['puts'][number]): readonly string[] {
  if (record.kind === 'comment') return [record.id, record.taskId]
  if (record.kind !== 'task') return [record.id]
  return [record.id, record.projectId, ...(record.parentId === null ? [] : [record.parentId])]
}
