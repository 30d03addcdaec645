import { EnneadError } from '../../../kernel/errors.ts'
import type { DirectoryStore } from './directory-store.ts'

export interface NamedStore {
  readonly name: string
  readonly store: DirectoryStore
}

/**
 * A store whose reads are answered by the first of `stores` that can; `failed` is told of each that could not. They throw
 * UNAVAILABLE when none can, and refusals as the stores do. Throws UNAVAILABLE when there is no store.
 */
export function firstThatAnswers(
  stores: readonly NamedStore[],
  failed: (name: string) => void,
): DirectoryStore {
  const [first] = stores
  if (first === undefined) throw new EnneadError('UNAVAILABLE', 'no directory is open; try again')
  return new Proxy(first.store, {
    get(_target, method) {
      const own: unknown = Reflect.get(first.store, method, first.store)
      if (typeof own !== 'function') return own
      return (...args: unknown[]): unknown => {
        const causes: unknown[] = []
        for (const { name, store } of stores) {
          try {
            const run: unknown = Reflect.get(store, method, store)
            if (typeof run === 'function') return Reflect.apply(run, store, args)
          } catch (failure) {
            if (failure instanceof EnneadError && failure.kind === 'caller') throw failure
            causes.push(failure)
            failed(name)
          }
        }
        const cause = new AggregateError(causes)
        throw new EnneadError('UNAVAILABLE', 'no directory can be read; try again', { cause })
      }
    },
  })
}
