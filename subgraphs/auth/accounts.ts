import type { Dispatcher } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Administration } from './administration.ts'
import { ApiKeys } from './api-keys/api-keys.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Authority } from './authority.ts'
import type { Directories } from './directory/directories.ts'
import { Invitations } from './invitations/invitations.ts'
import { MemberChanges } from './members/member-changes.ts'
import { ProjectRoles } from './members/project-roles.ts'
import { ServiceAccounts } from './service-accounts/service-accounts.ts'
import { Identities } from './providers/identities.ts'
import type { PasswordHasher } from './sign-in/password.ts'

/** What changes accounts: operators by `administration`, members by the others, each within their rights. */
export interface Accounts {
  /** Makes workspaces, users and members. */
  readonly administration: Administration
  readonly apiKeys: ApiKeys
  readonly serviceAccounts: ServiceAccounts
  readonly projectRoles: ProjectRoles
  readonly invitations: Invitations
  /** Who people at OIDC providers are here. */
  readonly identities: Identities
  /** What members change about members. */
  readonly members: MemberChanges
}

export interface AccountsParts {
  readonly authority: Dispatcher<Authority>
  readonly directories: Directories
  readonly passwords: PasswordHasher
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

export function accountsOf(given: AccountsParts): Accounts {
  const administration = new Administration(given)
  const parts = { ...given, administration }
  const invitations = new Invitations(parts)
  return {
    administration,
    apiKeys: new ApiKeys(parts),
    serviceAccounts: new ServiceAccounts(parts),
    projectRoles: new ProjectRoles(parts),
    invitations,
    identities: new Identities({ ...parts, invitations }),
    members: new MemberChanges(administration, given.clock),
  }
}
