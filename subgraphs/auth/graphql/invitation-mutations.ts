import type { Role } from '../../../kernel/principal.ts'
import type { ResolverFunction } from '../../service/create-subgraph-service.ts'
import type { InvitationRecord } from '../account-records.ts'
import type { AuthDomain } from '../domain.ts'
import { type WithHop, callerOf, refusalFor, requirePerson } from './context.ts'
import { signInPayloadOf } from './sign-in-mutations.ts'

interface CreateInput {
  readonly email: string
  readonly role: Role
  readonly expiresInDays: number
}

interface AcceptInput {
  readonly token: string
  readonly displayName?: string | null
  readonly password?: string | null
}

/** Invitations are made and revoked by people who have signed in, and accepted by whoever has their token. */
export function invitationMutations(domain: AuthDomain): Readonly<Record<string, ResolverFunction>> {
  return {
    async createInvitation(_source: unknown, { input }: { readonly input: CreateInput }, context: WithHop) {
      try {
        const by = requirePerson(context)
        const { token, record } = await domain.invitations.create(by, input, callerOf(context))
        return { token, invitation: record, errors: [] }
      } catch (failure) {
        return { token: null, invitation: null, errors: [refusalFor(failure)] }
      }
    },
    async revokeInvitation(_source: unknown, { id }: { readonly id: string }, context: WithHop) {
      try {
        const invitation: InvitationRecord = await domain.invitations.revoke(
          requirePerson(context),
          id,
          callerOf(context),
        )
        return { invitation, errors: [] }
      } catch (failure) {
        return { invitation: null, errors: [refusalFor(failure)] }
      }
    },
    acceptInvitation: (_source: unknown, { input }: { readonly input: AcceptInput }, context: WithHop) =>
      signInPayloadOf(() => {
        const by = context.hop.principal === undefined ? undefined : requirePerson(context)
        const { token, displayName, password } = input
        const profile = { displayName: displayName ?? undefined, password: password ?? undefined }
        return domain.acceptInvitation(token, by, profile, callerOf(context))
      }),
  }
}
