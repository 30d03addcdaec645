import { EnneadError } from '../../kernel/errors.ts'

/** Collects the keys asked for within one tick into one call, and remembers what it learned. Make one per request. */
export interface BatchLoader<K, V> {
  /** The value of `key`. Rejects when the batch fails; a failure is not remembered. */
  readonly load: (key: K) => Promise<V>
  /** The values in the order of `keys`. */
  readonly loadMany: (keys: readonly K[]) => Promise<V[]>
  /** Forgets `key`, after a write. */
  readonly forget: (key: K) => void
  /** Remembers a value that came another way; what is known already stays. */
  readonly prime: (key: K, value: V) => void
}

interface Waiting<K, V> {
  readonly key: K
  readonly done: (value: V) => void
  readonly failed: (failure: unknown) => void
}

const batchMaxDefault = 1_000

/**
 * `load` gets each key once and answers values in the order of its keys. `keyOf` says which keys are the same; the
 * default is the key itself. More than `batchMax` keys are split over several calls.
 */
export function batchLoader<K, V>(
  load: (keys: readonly K[]) => Promise<readonly V[]>,
  keyOf: (key: K) => unknown = key => key,
  batchMax: number = batchMaxDefault,
): BatchLoader<K, V> {
  const known = new Map<unknown, Promise<V>>()
  let waiting: Waiting<K, V>[] = []

  const run = async (batch: readonly Waiting<K, V>[]): Promise<void> => {
    try {
      const values = await load(batch.map(one => one.key))
      if (values.length !== batch.length) {
        throw new EnneadError('INTERNAL', `a batch of ${batch.length} keys got ${values.length} values`)
      }
      // The lengths are equal, so every index of `batch` is one of `values`; V itself may include undefined.
      batch.forEach((one, index) => one.done(values[index] as V))
    } catch (failure) {
      for (const one of batch) {
        known.delete(keyOf(one.key))
        one.failed(failure)
      }
    }
  }
  const flush = (): void => {
    const keys = waiting
    waiting = []
    for (let from = 0; from < keys.length; from += batchMax) void run(keys.slice(from, from + batchMax))
  }
  const one = (key: K): Promise<V> => {
    const id = keyOf(key)
    const already = known.get(id)
    if (already !== undefined) return already
    const value = new Promise<V>((done, failed) => {
      // After the microtasks that are due: siblings of one list resolve in them and join the batch.
      if (waiting.length === 0) void Promise.resolve().then(() => process.nextTick(flush))
      waiting.push({ key, done, failed })
    })
    known.set(id, value)
    return value
  }
  return {
    load: one,
    loadMany: keys => Promise.all(keys.map(one)),
    forget: key => void known.delete(keyOf(key)),
    prime: (key, value) => {
      const id = keyOf(key)
      if (!known.has(id)) known.set(id, Promise.resolve(value))
    },
  }
}
