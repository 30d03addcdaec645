import type { Role } from '../../../kernel/principal.ts'
import type { ResolverFunction } from '../../service/create-subgraph-service.ts'
import type { UserError } from '../../service/user-error.ts'
import type { MemberRecord } from '../authority.ts'
import type { AuthDomain } from '../domain.ts'
import { type WithHop, callerOf, refusalFor, requirePerson } from './context.ts'

interface EndSessionsPayload {
  readonly endedCount: number
  readonly errors: readonly UserError[]
}

interface MemberPayload {
  readonly member: MemberRecord | null
  readonly errors: readonly UserError[]
}

/** What somebody who is signed in does to sessions of their own and to members of their workspace. */
export function accountMutations(domain: AuthDomain): Readonly<Record<string, ResolverFunction>> {
  return {
    endSession: (_source: unknown, { id }: { readonly id: string }, context: WithHop) =>
      ended(() => domain.sessions.end(requirePerson(context), id, callerOf(context))),
    signOutEverywhere: (_source: unknown, args: { readonly keepCurrent: boolean }, context: WithHop) =>
      ended(() => domain.sessions.endAll(requirePerson(context), args.keepCurrent, callerOf(context))),
    changeMemberRole: (
      _source: unknown,
      { userId, role }: { readonly userId: string; readonly role: Role },
      context: WithHop,
    ) => changed(() => domain.members.changeRole(requirePerson(context), userId, role, callerOf(context))),
    removeMember: (_source: unknown, { userId }: { readonly userId: string }, context: WithHop) =>
      changed(() => domain.members.remove(requirePerson(context), userId, callerOf(context))),
  }
}

async function ended(run: () => Promise<number>): Promise<EndSessionsPayload> {
  try {
    return { endedCount: await run(), errors: [] }
  } catch (failure) {
    return { endedCount: 0, errors: [refusalFor(failure)] }
  }
}

async function changed(run: () => Promise<MemberRecord>): Promise<MemberPayload> {
  try {
    return { member: await run(), errors: [] }
  } catch (failure) {
    return { member: null, errors: [refusalFor(failure)] }
  }
}
