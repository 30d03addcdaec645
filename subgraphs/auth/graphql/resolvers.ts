import { subject } from '@casl/ability'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import type { Resolvers } from '../../service/create-subgraph-service.ts'
import { dateTimeScalar } from '../../service/date-time.ts'
import { abilityOf } from '../abilities.ts'
import type { IdentityRecord, InvitationRecord, ServiceAccountRecord } from '../account-records.ts'
import type { ActorRecord } from '../actors.ts'
import { prefixOf } from '../api-keys/key-text.ts'
import type { FollowedEntry } from '../audit/follow-audit.ts'
import type { ApiKeyRecord, MemberRecord, SessionRecord, UserRecord, WorkspaceRecord } from '../authority.ts'
import type { AuthDomain } from '../domain.ts'
import { accountMutations } from './account-mutations.ts'
import { apiKeyMutations } from './api-key-mutations.ts'
import { type AuditNode, type AuditPageArguments, auditConnection } from './audit-connection.ts'
import { type WithHop, requireActor, requirePerson } from './context.ts'
import { invitationMutations } from './invitation-mutations.ts'
import { type MemberConnection, type MemberPageArguments, memberConnection } from './member-connection.ts'
import { providerMutations } from './provider-mutations.ts'
import { type SecurityEventsArguments, followSecurity, securityEvent } from './security-events.ts'
import { projectRoleOf, serviceAccountMutations } from './service-account-mutations.ts'
import { signInMutations } from './sign-in-mutations.ts'
import { type TaskReference, taskPermissions } from './task-permissions.ts'

interface Reference {
  readonly id: string
}

/** Resolvers of schema/auth.graphql: they translate, the domain decides. `Viewer` is a principal, others are records. */
export function authResolvers(domain: AuthDomain): Resolvers {
  const { authority } = domain
  const actor = (id: string, context: WithHop): Promise<ActorRecord | null> | null => {
    const { principal } = context.hop
    if (principal?.kind !== 'actor') return null
    return context.actors.load({ workspaceId: principal.workspaceId, actorId: id })
  }
  // A reference to another kind of actor than the id names finds nobody.
  const user = async (id: string, context: WithHop): Promise<UserRecord | null> => {
    const found = await actor(id, context)
    return found?.kind === 'user' ? found : null
  }
  const account = async (id: string, context: WithHop): Promise<ServiceAccountRecord | null> => {
    const found = await actor(id, context)
    return found?.kind === 'serviceAccount' ? found : null
  }
  const projectRoles = async (
    workspaceId: string,
    actorId: string,
    { call }: WithHop,
  ): Promise<readonly unknown[]> => {
    const roles = await authority.call('projectRoles', { workspaceId, actorId }, call)
    return roles.map(projectRoleOf)
  }
  return {
    DateTime: dateTimeScalar,
    Actor: {
      __resolveType: ({ kind }: ActorRecord) => (kind === 'user' ? 'User' : 'ServiceAccount'),
      __resolveReference: (reference: Reference, context: WithHop) => actor(reference.id, context),
    },
    User: {
      __resolveReference: (reference: Reference, context: WithHop) => user(reference.id, context),
    },
    ServiceAccount: {
      __resolveReference: (reference: Reference, context: WithHop) => account(reference.id, context),
      avatarUrl: () => null,
      apiKeys(record: ServiceAccountRecord, _args: unknown, context: WithHop) {
        const { id: userId, workspaceId, role } = record
        const ability = abilityOf(requireActor(context).rules)
        if (!ability.can('update', subject('ServiceAccount', { workspaceId, role })))
          throw new EnneadError('FORBIDDEN', 'the keys of a service account are for those who may change it')
        return authority.call('apiKeys', { userId, workspaceId }, context.call)
      },
      projectRoles: ({ id, workspaceId }: ServiceAccountRecord, _args: unknown, context: WithHop) =>
        projectRoles(workspaceId, id, context),
    },
    Workspace: {
      serviceAccounts: ({ id }: WorkspaceRecord, _args: unknown, { call }: WithHop) =>
        authority.call('serviceAccounts', { workspaceId: id, ids: undefined }, call),
      invitations({ id: workspaceId }: WorkspaceRecord, _args: unknown, context: WithHop) {
        const ability = abilityOf(requireActor(context).rules)
        if (!ability.can('read', subject('Invitation', { workspaceId })))
          throw new EnneadError('FORBIDDEN', 'invitations are for those who may invite')
        return authority.call('invitations', workspaceId, context.call)
      },
      __resolveReference({ id }: Reference, context: WithHop) {
        const { principal } = context.hop
        // Another tenant's workspace is not there, whoever asks.
        if (principal?.kind !== 'actor' || principal.workspaceId !== id) return null
        return context.workspaces.load(id)
      },
      members: (workspace: WorkspaceRecord, args: MemberPageArguments, { call }: WithHop) =>
        memberConnection(authority, workspace.id, args, call),
    },
    MemberConnection: {
      totalCount: ({ workspaceId }: MemberConnection, _args: unknown, { call }: WithHop) =>
        authority.call('countMembers', workspaceId, call),
    },
    Member: {
      user: ({ workspaceId, userId }: MemberRecord, _args: unknown, { actors }: WithHop) =>
        actors.load({ workspaceId, actorId: userId }),
      projectRoles: ({ workspaceId, userId }: MemberRecord, _args: unknown, context: WithHop) =>
        projectRoles(workspaceId, userId, context),
    },
    Task: {
      __resolveReference: (reference: TaskReference) => reference,
      viewerCan: (task: TaskReference, _args: unknown, context: WithHop) =>
        taskPermissions(requireActor(context), task),
    },
    Viewer: {
      actor: ({ workspaceId, actorId }: ActorPrincipal, _args: unknown, { actors }: WithHop) =>
        actors.load({ workspaceId, actorId }),
      workspace: ({ workspaceId }: ActorPrincipal, _args: unknown, { workspaces }: WithHop) =>
        workspaces.load(workspaceId),
      apiKeys: ({ workspaceId, actorId }: ActorPrincipal, _args: unknown, { call }: WithHop) =>
        authority.call('apiKeys', { userId: actorId, workspaceId }, call),
      linkedSignIns: ({ actorId }: ActorPrincipal, _args: unknown, { call }: WithHop) =>
        authority.call('identities', actorId, call),
      async sessions(
        { workspaceId, actorId, sessionId }: ActorPrincipal,
        { everywhere }: { readonly everywhere: boolean },
        context: WithHop,
      ) {
        // A key is of one workspace, and tells nothing of others.
        if (everywhere) requirePerson(context)
        const query = { userId: actorId, workspaceId: everywhere ? undefined : workspaceId }
        const sessions = await authority.call('sessions', query, context.call)
        return sessions.map((session: SessionRecord) => ({ ...session, current: session.id === sessionId }))
      },
    },
    Invitation: {
      invitedBy: ({ workspaceId, invitedBy }: InvitationRecord, _args: unknown, { actors }: WithHop) =>
        actors.load({ workspaceId, actorId: invitedBy }),
    },
    AuditEntry: {
      actor: ({ workspaceId, actorId }: AuditNode, _args: unknown, { actors }: WithHop) =>
        actorId === null ? null : actors.load({ workspaceId, actorId }),
      by: ({ workspaceId, byId }: AuditNode, _args: unknown, { actors }: WithHop) =>
        byId === null ? null : actors.load({ workspaceId, actorId: byId }),
    },
    ApiKey: { prefix: ({ id }: ApiKeyRecord) => prefixOf(id) },
    Session: {
      workspaceSlug: async ({ workspaceId }: SessionRecord, _args: unknown, { workspaces }: WithHop) =>
        (await workspaces.load(workspaceId))?.slug ?? null,
    },
    LinkedSignIn: {
      provider: ({ issuer }: IdentityRecord) =>
        domain.providers.providers.find(provider => provider.issuer === issuer)?.name ?? null,
    },
    Query: {
      signInProviders: () => domain.providers.providers,
      auditLog: (_source: unknown, args: AuditPageArguments, context: WithHop) =>
        auditConnection(requirePerson(context), args, options => domain.readAudit(options)),
      viewer: (_source: unknown, _args: unknown, { hop }: WithHop) =>
        hop.principal?.kind === 'actor' ? hop.principal : null,
      user: (_source: unknown, { id }: Reference, context: WithHop) => user(id, context),
    },
    Subscription: {
      securityEvents: {
        subscribe: (_source: unknown, args: SecurityEventsArguments, context: WithHop) =>
          followSecurity(domain.security, args, context),
        resolve: (entry: FollowedEntry, _args: unknown, context: WithHop) =>
          securityEvent(domain.security, entry, context),
      },
    },
    Mutation: {
      ...signInMutations(domain),
      ...accountMutations(domain),
      ...apiKeyMutations(domain),
      ...serviceAccountMutations(domain),
      ...invitationMutations(domain),
      ...providerMutations(domain),
    },
  }
}
