import { expect } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import type { Commit, StoreAttempt, StoreEngine, TaskStore } from '../../subgraphs/db/task-store.ts'
import { entryOf } from './sample-records.ts'

/** One store of an engine, fresh for each test, that can be closed and opened again. */
export interface StoreUnderTest extends AsyncDisposable {
  open(): Promise<StoreEngine>
  /** Does what it holds survive closing and opening? */
  readonly durable: boolean
}

/** An attempt that nobody ends before its time. */
export function attempt(
  signal: AbortSignal = new AbortController().signal,
  reach: Pick<StoreAttempt, 'reach'> = {},
): StoreAttempt {
  return { signal, remainingMs: 10_000, number: 1, ...reach }
}

/** What a part of the contract is told. */
export interface Given {
  readonly make: () => Promise<StoreUnderTest>
  readonly promises: ReadonlySet<keyof TaskStore>
}

/** Opens a fresh store and runs the body with the operations the engine promises. */
export async function withStore(
  given: Given,
  body: (store: TaskStore, again: () => Promise<TaskStore>) => Promise<void>,
) {
  await using under = await given.make()
  let engine = await under.open()
  try {
    await body(promised(engine, given), async () => {
      await engine.close()
      engine = await under.open()
      return promised(engine, given)
    })
  } finally {
    await engine.close()
  }
}

/** The operations of an engine, which has all that are promised. */
export function promised(engine: StoreEngine, given: Given): TaskStore {
  for (const operation of given.promises)
    expect(engine.operations[operation], operation).toBeTypeOf('function')
  // The engine has what it promises, and a test only uses what is promised.
  return engine.operations as TaskStore
}

/** Puts these commits into an empty store, as entries 1, 2, … of one epoch. */
export async function fill(store: TaskStore, commits: readonly Commit[]): Promise<void> {
  await store.absorb(
    commits.map((commit, index) => entryOf(index + 1, commit)),
    attempt(),
  )
}

/** For `catch`: the code of one of our errors, anything else as text. */
export function codeOf(failure: unknown): string {
  return failure instanceof EnneadError ? failure.code : String(failure)
}
