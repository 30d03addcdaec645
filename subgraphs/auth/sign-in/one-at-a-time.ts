import { EnneadError } from '../../../kernel/errors.ts'

/**
 * Runs work of the same key one after the other, in the order it came. Rejects with OVERLOADED when `waitingMax` are
 * under way for the key.
 */
export function oneAtATime(waitingMax: number): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, { readonly last: Promise<unknown>; readonly count: number }>()
  return async (key, work) => {
    const tail = tails.get(key)
    const count = (tail?.count ?? 0) + 1
    if (count > waitingMax)
      throw new EnneadError('OVERLOADED', 'too many requests for the same thing at once; try again')
    const mine = (tail?.last ?? Promise.resolve()).then(work)
    // Whoever comes next waits for this one, however it ends.
    const last = mine.catch(() => undefined)
    tails.set(key, { last, count })
    try {
      return await mine
    } finally {
      const now = tails.get(key)
      if (now?.last === last) tails.delete(key)
      else if (now !== undefined) tails.set(key, { ...now, count: now.count - 1 })
    }
  }
}
