import type { CallOptions, Dispatcher, InputOf, OutputOf } from '../../../dispatch/port.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { LastKnown, ReadName } from '../last-known.ts'
import type { RecordSource } from '../reads.ts'
import type { StoredRecord } from '../record.ts'
import type { LogEntry, RecordQuery, TaskStore } from '../task-store.ts'
import type { Writer } from '../writer.ts'
import type { Vault } from './vault.ts'

type Store = Pick<Dispatcher<TaskStore>, 'call'>

/** The stores with everything in them decrypted. Rejects as `Vault` throws. */
export function openedStore(store: Store, vault: Vault): Store {
  return {
    async call<O extends keyof TaskStore>(
      operation: O,
      input: InputOf<TaskStore, O>,
      options?: CallOptions,
    ): Promise<OutputOf<TaskStore, O>> {
      requireAskable(vault, operation, input)
      const answer = await store.call(operation, input, options)
      return openAnswer(vault, operation, answer)
    },
  }
}

/** The same for reads that may be of the past. */
export function openedSource(source: RecordSource, vault: Vault): RecordSource {
  return {
    async call<O extends ReadName>(
      operation: O,
      input: InputOf<TaskStore, O>,
      options?: CallOptions,
    ): Promise<LastKnown<OutputOf<TaskStore, O>>> {
      requireAskable(vault, operation, input)
      const { answer, degraded } = await source.call(operation, input, options)
      return { answer: await openAnswer(vault, operation, answer), degraded }
    },
  }
}

/** Writes records encrypted. */
export function sealingWriter(writer: Pick<Writer, 'commit'>, vault: Vault): Pick<Writer, 'commit'> {
  return {
    commit: (commit, options) =>
      writer.commit({ ...commit, puts: commit.puts.map(record => vault.seal(record)) }, options),
  }
}

function requireAskable(vault: Vault, operation: keyof TaskStore, input: unknown): void {
  // The input of these two is a query, or what matters here of one.
  if (operation === 'query' || operation === 'count') vault.requireAskable(input as RecordQuery)
}

/** Opens what there is of records in an answer; once more with new keys when one is missing. */
async function openAnswer<O extends keyof TaskStore>(
  vault: Vault,
  operation: O,
  answer: OutputOf<TaskStore, O>,
): Promise<OutputOf<TaskStore, O>> {
  const open = openers[operation]
  if (open === undefined) return answer
  try {
    // An opener answers what it is given, with other texts in it; so below.
    return open(vault, answer) as OutputOf<TaskStore, O>
  } catch (failure) {
    if (!(failure instanceof EnneadError) || failure.code !== 'ENCRYPTION_KEY_MISSING') throw failure
    // Another process may have begun to use a key that this one has not read yet.
    await vault.keys?.look()
    return open(vault, answer) as OutputOf<TaskStore, O>
  }
}

const openers: Partial<Record<keyof TaskStore, (vault: Vault, answer: unknown) => unknown>> = {
  read: openRecords,
  query: openRecords,
  scan: openRecords,
  log: (vault, answer) =>
    (answer as readonly LogEntry[]).map(entry => ({
      ...entry,
      commit: { ...entry.commit, puts: openRecords(vault, entry.commit.puts) },
    })),
}

function openRecords(vault: Vault, records: unknown): unknown {
  return (records as readonly (StoredRecord | undefined)[]).map(record =>
    record === undefined ? undefined : vault.open(record),
  )
}
