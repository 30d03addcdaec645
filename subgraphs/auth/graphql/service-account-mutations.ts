import type { Role } from '../../../kernel/principal.ts'
import type { ResolverFunction } from '../../service/create-subgraph-service.ts'
import type { UserError } from '../../service/user-error.ts'
import type { ProjectRoleRecord, ServiceAccountRecord } from '../account-records.ts'
import type { AuthDomain } from '../domain.ts'
import { type WithHop, callerOf, refusalFor, requirePerson } from './context.ts'

interface UpdateInput {
  readonly id: string
  readonly name?: string | null
  readonly role?: Role | null
  readonly disabled?: boolean | null
}

interface ProjectRoleInput {
  readonly actorId: string
  readonly projectId: string
  readonly role?: Role | null
}

interface ServiceAccountPayload {
  readonly serviceAccount: ServiceAccountRecord | null
  readonly errors: readonly UserError[]
}

/** Service accounts and roles in projects are changed by people who have signed in, never by keys. */
export function serviceAccountMutations(domain: AuthDomain): Readonly<Record<string, ResolverFunction>> {
  return {
    createServiceAccount: (
      _source: unknown,
      { input }: { readonly input: { readonly name: string; readonly role: Role } },
      context: WithHop,
    ) => answered(() => domain.serviceAccounts.create(requirePerson(context), input, callerOf(context))),
    updateServiceAccount(_source: unknown, { input }: { readonly input: UpdateInput }, context: WithHop) {
      const { id, name, role, disabled } = input
      const change = { id, name: name ?? undefined, role: role ?? undefined, disabled: disabled ?? undefined }
      return answered(() => domain.serviceAccounts.update(requirePerson(context), change, callerOf(context)))
    },
    async setProjectRole(
      _source: unknown,
      { input }: { readonly input: ProjectRoleInput },
      context: WithHop,
    ) {
      const change = { ...input, role: input.role ?? null }
      try {
        const roles = await domain.projectRoles.set(requirePerson(context), change, callerOf(context))
        return { projectRoles: roles.map(projectRoleOf), errors: [] }
      } catch (failure) {
        return { projectRoles: [], errors: [refusalFor(failure)] }
      }
    },
  }
}

/** A role as the schema has it. */
export function projectRoleOf({ projectId, role }: ProjectRoleRecord): {
  readonly project: { readonly __typename: 'Project'; readonly id: string }
  readonly role: Role
} {
  return { project: { __typename: 'Project', id: projectId }, role }
}

async function answered(run: () => Promise<ServiceAccountRecord>): Promise<ServiceAccountPayload> {
  try {
    return { serviceAccount: await run(), errors: [] }
  } catch (failure) {
    return { serviceAccount: null, errors: [refusalFor(failure)] }
  }
}
