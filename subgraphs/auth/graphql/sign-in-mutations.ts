import type { ActorPrincipal } from '../../../kernel/principal.ts'
import type { ResolverFunction } from '../../service/create-subgraph-service.ts'
import { type UserError, refusalOf, userError } from '../../service/user-error.ts'
import type { AuthDomain } from '../domain.ts'
import type { SignInOutcome } from '../sign-in/sessions.ts'
import { type WithHop, callerOf } from './context.ts'

interface SignInArguments {
  readonly input: { readonly email: string; readonly password: string; readonly workspace?: string | null }
}

interface SignInPayload {
  readonly accessToken: string | null
  readonly refreshToken: string | null
  readonly expiresAt: string | null
  readonly viewer: ActorPrincipal | null
  readonly errors: readonly UserError[]
}

export function signInMutations(domain: AuthDomain): Readonly<Record<string, ResolverFunction>> {
  return {
    async signIn(_source: unknown, { input }: SignInArguments, context: WithHop): Promise<SignInPayload> {
      if (!context.mayStillSignIn()) {
        return refusedSignIn(userError('RATE_LIMITED', 'a request may sign in once'))
      }
      const { email, password, workspace } = input
      return signInPayloadOf(() =>
        domain.signIn({ email, password, workspace: workspace ?? undefined }, callerOf(context)),
      )
    },
    refreshSession: (_source: unknown, args: { readonly refreshToken: string }, context: WithHop) =>
      signInPayloadOf(() => domain.refresh(args.refreshToken, callerOf(context))),
    async signOut(_source: unknown, _args: unknown, context: WithHop) {
      const { principal } = context.hop
      return { ok: principal?.kind === 'actor' && (await domain.signOut(principal, callerOf(context))) }
    },
  }
}

/** The answer of every mutation that signs somebody in. */
export async function signInPayloadOf(run: () => Promise<SignInOutcome>): Promise<SignInPayload> {
  try {
    const outcome = await run()
    if (outcome.is === 'refused') return refusedSignIn(userError(outcome.code, outcome.message))
    const { accessToken, refreshToken, expiresAt, principal } = outcome
    return { accessToken, refreshToken, expiresAt, viewer: principal, errors: [] }
  } catch (failure) {
    const refusal = refusalOf(failure)
    if (refusal === undefined) throw failure
    return refusedSignIn(refusal)
  }
}

/** The answer to somebody who was not signed in. */
export function refusedSignIn(error: UserError): SignInPayload {
  return { accessToken: null, refreshToken: null, expiresAt: null, viewer: null, errors: [error] }
}
