import type { ResolverFunction } from '../../service/create-subgraph-service.ts'
import { userError } from '../../service/user-error.ts'
import type { AuthDomain } from '../domain.ts'
import { type WithHop, callerOf, refusalFor, requirePerson } from './context.ts'
import { refusedSignIn, signInPayloadOf } from './sign-in-mutations.ts'

interface StartArguments {
  readonly input: {
    readonly provider: string
    readonly redirectUri: string
    readonly workspace?: string | null
    readonly invitation?: string | null
    readonly link: boolean
  }
}

interface CompleteArguments {
  readonly input: { readonly flow: string; readonly callbackUrl: string }
}

/** Signing in at OIDC providers. */
export function providerMutations(domain: AuthDomain): Readonly<Record<string, ResolverFunction>> {
  return {
    async startSignIn(_source: unknown, { input }: StartArguments, context: WithHop) {
      const { provider, redirectUri, workspace, invitation, link } = input
      try {
        const by = link ? requirePerson(context) : undefined
        const chosen = { workspace: workspace ?? undefined, invitation: invitation ?? undefined }
        const started = await domain.providers.start({ provider, redirectUri, link, ...chosen }, by)
        return { ...started, errors: [] }
      } catch (failure) {
        return { authorizationUrl: null, flow: null, expiresAt: null, errors: [refusalFor(failure)] }
      }
    },
    completeSignIn(_source: unknown, { input }: CompleteArguments, context: WithHop) {
      if (!context.mayStillSignIn())
        return refusedSignIn(userError('RATE_LIMITED', 'a request may sign in once'))
      const { principal } = context.hop
      const by = principal?.kind === 'actor' && principal.keyId === undefined ? principal : undefined
      return signInPayloadOf(() => domain.providers.complete(input, by, callerOf(context)))
    },
    async unlinkSignIn(_source: unknown, { id }: { readonly id: string }, context: WithHop) {
      try {
        const linkedSignIn = await domain.identities.unlink(requirePerson(context), id, callerOf(context))
        return { linkedSignIn, errors: [] }
      } catch (failure) {
        return { linkedSignIn: null, errors: [refusalFor(failure)] }
      }
    },
  }
}
