import { allKinds } from './file-format.ts'

const plurals: Readonly<Record<(typeof allKinds)[number], string>> = {
  workspace: 'workspaces',
  user: 'users',
  member: 'memberships',
  serviceAccount: 'service accounts',
  projectRole: 'project roles',
  identity: 'linked sign-ins',
  project: 'projects',
  label: 'labels',
  task: 'tasks',
  comment: 'comments',
  receipt: 'receipts',
}

/** `1 workspace, 10,000 tasks`; `nothing` when there is nothing. */
export function counted(counts: ReadonlyMap<string, number>): string {
  const told = allKinds.flatMap(kind => {
    const count = counts.get(kind) ?? 0
    const name = count === 1 ? plurals[kind].slice(0, -1) : plurals[kind]
    return count === 0 ? [] : [`${grouped(count)} ${name}`]
  })
  return told.length === 0 ? 'nothing' : told.join(', ')
}

/** `10,000` */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
