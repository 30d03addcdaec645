import type { CallOptions, Dispatcher } from '../../dispatch/port.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import type { ServiceAccountRecord } from './account-records.ts'
import type { Authority, UserRecord } from './authority.ts'

/** Who can act: a person or a service account. */
export type ActorRecord = UserRecord | ServiceAccountRecord

/**
 * The actors with these ids that the members of a workspace may see: users that are or were members of it, and its service
 * accounts. One call for each kind there is.
 */
export async function actorsOf(
  authority: Dispatcher<Authority>,
  workspaceId: string,
  ids: readonly string[],
  call: CallOptions,
): Promise<readonly (ActorRecord | undefined)[]> {
  const accountIds = ids.filter(id => kindOfGlobalId(id) === 'ServiceAccount')
  const userIds = ids.filter(id => kindOfGlobalId(id) !== 'ServiceAccount')
  const lists = await Promise.all([
    userIds.length === 0 ? [] : authority.call('users', { workspaceId, ids: userIds }, call),
    accountIds.length === 0 ? [] : authority.call('serviceAccounts', { workspaceId, ids: accountIds }, call),
  ])
  const found = new Map(lists.flat().flatMap(record => (record === undefined ? [] : [[record.id, record]])))
  return ids.map(id => found.get(id))
}
