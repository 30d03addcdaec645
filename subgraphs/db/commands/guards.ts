import type { GuardRecord, StoredRecord } from '../record.ts'
import type { RecordKey } from '../task-store.ts'
import type { CommandContext } from './command.ts'

/** The last number given to a task of a project. */
export function numberGuard(projectId: string): RecordKey {
  return { kind: 'guard', id: `task-number/${projectId}` }
}

/** Which project has a key. */
export function projectKeyGuard(workspaceId: string, key: string): RecordKey {
  return { kind: 'guard', id: `project-key/${workspaceId}/${key}` }
}

/** Which label has a name; names are the same in any case. */
export function labelNameGuard(workspaceId: string, name: string): RecordKey {
  return { kind: 'guard', id: `label-name/${workspaceId}/${name.normalize('NFC').toLowerCase()}` }
}

/** How many labels a workspace has. */
export function labelCountGuard(workspaceId: string): RecordKey {
  return { kind: 'guard', id: `label-count/${workspaceId}` }
}

/** Changes to who blocks whom, and to who is whose parent, one after another in a workspace: cycles span many tasks. */
export function graphGuard(workspaceId: string): RecordKey {
  return { kind: 'guard', id: `task-graph/${workspaceId}` }
}

/** A guard's number; 0 while there is none. */
export function counterOf(record: StoredRecord | undefined): number {
  return record?.kind === 'guard' && typeof record.value === 'number' ? record.value : 0
}

/** The guard with its next version and this value. */
export function raised(
  { id }: RecordKey,
  current: StoredRecord | undefined,
  value: number | string,
  { viewer, at }: CommandContext,
): GuardRecord {
  return {
    kind: 'guard',
    id,
    workspaceId: viewer.workspaceId,
    version: (current?.version ?? 0) + 1,
    createdAt: current?.createdAt ?? at,
    updatedAt: at,
    value,
  }
}
