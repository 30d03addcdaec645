import type { Database, Key } from 'lmdb'
import { EnneadError } from './errors.ts'

/** How Linux, macOS and BSD number "no space left on device" (ENOSPC) and "disk quota exceeded" (EDQUOT). */
const noSpace: ReadonlySet<unknown> = new Set([28, 122, 69])

/**
 * Nobody waits for a single write of a batch. When the commit fails lmdb rejects what each of them answered as well, and a rejection
 * that nobody waits for ends the process.
 */
export function unwaited<V, K extends Key, D extends Database<V, K>>(database: D): D {
  let last: Promise<boolean> | undefined
  const seen = (answer: Promise<boolean>): Promise<boolean> => {
    // The writes of a batch have one promise. That of a transaction is none.
    if (answer !== last && answer instanceof Promise) {
      last = answer
      answer.catch(() => undefined)
    }
    return answer
  }
  const put: typeof database.put = database.put.bind(database)
  const remove: typeof database.remove = database.remove.bind(database)
  database.put = (id: K, value: V, ...more: []) => seen(put(id, value, ...more))
  database.remove = (id: K, ...more: []) => seen(remove(id, ...more))
  return database
}

/**
 * What a write answers. Throws AGENT_FAULT with the way out when there is no disk space left: nothing of the write is kept then.
 * lmdb says in the error why a commit failed, as a promise that must be waited for.
 */
export async function written<T>(write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (failure) {
    const cause = await reasonOf(failure)
    if (!(cause instanceof Error && 'code' in cause && noSpace.has(cause.code))) throw cause
    const message = 'LMDB has no disk space left; free some, and it goes on by itself (ENOSPC)'
    throw new EnneadError('AGENT_FAULT', message, { cause })
  }
}

async function reasonOf(failure: unknown): Promise<unknown> {
  if (!(failure instanceof Error && 'commitError' in failure)) return failure
  try {
    await failure.commitError
  } catch (reason) {
    return reason
  }
  return failure
}
