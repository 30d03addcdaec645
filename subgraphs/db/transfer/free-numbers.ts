import type { Dispatcher } from '../../../dispatch/port.ts'
import { addressOf } from '../commit-batch.ts'
import { counterOf, numberGuard } from '../commands/guards.ts'
import type { StoredRecord, TaskRecord } from '../record.ts'
import type { TaskStore } from '../task-store.ts'
import { type ImportPlan, refusal } from './import-plan.ts'
import type { TransferRecord } from './record-form.ts'

/** More than a batch has. */
const numbersMax = 1_000
/** Time for one question. Milliseconds. */
const readMs = 10_000

/**
 * Throws IMPORT_CONFLICT, with the record's `index`, for a task whose number another task has. Numbers above the project's
 * counter are free; of others somebody may have become the holder since the export.
 */
export async function requireFreeNumbers(
  store: Pick<Dispatcher<TaskStore>, 'call'>,
  records: readonly TransferRecord[],
  stored: ReadonlyMap<string, StoredRecord>,
  plan: ImportPlan,
): Promise<void> {
  const puts = new Set<TransferRecord>(plan.puts)
  const taken = new Map<string, string>()
  const asked = new Map<string, { readonly workspaceId: string; readonly numbers: number[] }>()
  for (const record of records) {
    if (record.kind !== 'task' || !puts.has(record)) continue
    const { projectId, workspaceId, number } = record
    if (number > counterOf(stored.get(addressOf(numberGuard(projectId))))) continue
    const project = asked.get(projectId) ?? { workspaceId, numbers: [] }
    project.numbers.push(number)
    asked.set(projectId, project)
  }
  for (const [projectId, { workspaceId, numbers }] of asked) {
    const holders = await store.call(
      'query',
      {
        kind: 'task',
        workspaceId,
        where: {
          is: 'all',
          of: [
            { is: 'in', field: 'projectId', values: [projectId] },
            { is: 'in', field: 'number', values: numbers },
          ],
        },
        order: { field: 'id', direction: 'ascending' },
        limit: numbersMax,
      },
      { timeoutMs: readMs, attemptMs: readMs },
    )
    for (const holder of holders) if (holder.kind === 'task') taken.set(placeOf(holder), holder.id)
  }
  for (const [index, record] of records.entries()) {
    if (record.kind !== 'task' || !puts.has(record)) continue
    const holder = taken.get(placeOf(record))
    if (holder !== undefined && holder !== record.id) {
      const why = `task ${record.id} cannot have number ${record.number} of its project: ${holder} has it here`
      throw refusal('IMPORT_CONFLICT', index, why)
    }
    taken.set(placeOf(record), record.id)
  }
}

function placeOf({ projectId, number }: TaskRecord): string {
  return `${projectId}/${number}`
}
