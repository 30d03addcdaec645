import { expect, test } from 'vitest'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { AuthDomain } from '../../subgraphs/auth/domain.ts'
import {
  directoryKinds,
  directoryRecordIn,
  type TransferredRecord,
} from '../../subgraphs/auth/transfer/directory-form.ts'
import { codeOf, openDesk } from './auth-desk.ts'

function everything({ administration }: AuthDomain): readonly TransferredRecord[] {
  return directoryKinds.flatMap(kind => administration.exportRecords(kind, '', 500))
}

/** As through a file. */
function through(records: readonly TransferredRecord[]): readonly TransferredRecord[] {
  return records.map(record => directoryRecordIn(JSON.parse(JSON.stringify(record))))
}

test('service accounts and roles in projects leave with an export and come back as they were', async () => {
  await using desk = await openDesk()
  await using other = await openDesk()
  const { domain } = desk
  const by = (await desk.signIn()).principal
  const projectId = newGlobalId('Project')
  const { id } = await domain.serviceAccounts.create(by, { name: 'Robot', role: 'GUEST' }, {})
  await domain.projectRoles.set(by, { actorId: id, projectId, role: 'MEMBER' }, {})
  await domain.apiKeys.create(
    by,
    { name: 'CI', scopes: undefined, expiresInDays: 1, serviceAccountId: id },
    {},
  )
  const records = through(everything(domain)).filter(record => record.kind !== 'workspace')
  // The other desk has a workspace of the same slug; its own keeps it.
  const missing = await other.domain.administration.importRecords(records.slice(1), 'refuse').catch(codeOf)
  expect(missing).toBe('IMPORT_CONFLICT')
  const kinds = records.map(record => record.kind)
  expect([...new Set(kinds)]).toEqual(['user', 'member', 'serviceAccount', 'projectRole'])
})

test('a whole directory moves into an empty one, once or again', async () => {
  await using desk = await openDesk()
  await using folder = await openDesk()
  const by = (await desk.signIn()).principal
  const projectId = newGlobalId('Project')
  const robot = await desk.domain.serviceAccounts.create(by, { name: 'Robot', role: 'GUEST' }, {})
  await desk.domain.projectRoles.set(by, { actorId: robot.id, projectId, role: 'MEMBER' }, {})
  const renamed = through(everything(desk.domain)).map(record =>
    record.kind === 'workspace'
      ? { ...record, slug: 'army' }
      : record.kind === 'user'
        ? { ...record, email: `moved-${record.email}` }
        : record,
  )
  const { administration, authority } = folder.domain
  expect(await administration.importRecords(renamed, 'refuse')).toMatchObject({ puts: renamed, same: 0 })
  expect(await administration.importRecords(renamed, 'refuse')).toMatchObject({
    puts: [],
    same: renamed.length,
  })
  const question = { workspaceId: desk.workspace.id, actorId: robot.id }
  expect(await authority.call('projectRoles', question)).toMatchObject([{ projectId, role: 'MEMBER' }])
})
