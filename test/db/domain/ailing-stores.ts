import { EnneadError } from '../../../kernel/errors.ts'
import type { SeatChange } from '../../../subgraphs/db/task-store.ts'
import type { SubgraphAnswer } from '../../../subgraphs/service/subgraph-service.ts'
import type { MemoryTaskStore } from '../../support/memory-task-store.ts'

/** A place of an answer that is of the past. */
export interface Mark {
  readonly path: readonly (string | number)[]
  readonly agent: string
  readonly reason: string
  readonly ageMs: number
  readonly behind?: number
}

/** What an answer says is of the past. */
export function marksOf({ extensions }: SubgraphAnswer): readonly Mark[] {
  const own = extensions?.['ennead'] as { readonly degraded: readonly Mark[] } | undefined
  return own?.degraded ?? []
}

/** The store answers nothing but failures from now on. */
export function fail(store: MemoryTaskStore): void {
  store.before = () => Promise.reject(new EnneadError('AGENT_FAULT', 'the connection was refused'))
}

/** The store takes over nothing from now on, but answers, and votes on top of what it has. */
export function lag(store: MemoryTaskStore): void {
  store.before = (operation, _attempt, input) =>
    operation === 'absorb' || (operation === 'vote' && (input as SeatChange).apply.length > 0)
      ? Promise.reject(new EnneadError('AGENT_FAULT', 'no space left'))
      : Promise.resolve()
}

/** The store works again. */
export function heal(store: MemoryTaskStore): void {
  store.before = undefined
}

export const titleQuery = 'query($id: ID!) { task(id: $id) { title } }'
export const rename = `mutation($id: ID!, $title: String!, $key: String) {
  updateTask(input: {id: $id, title: $title}, idempotencyKey: $key) { task { title project { key } } errors { code } replayed }
}`
