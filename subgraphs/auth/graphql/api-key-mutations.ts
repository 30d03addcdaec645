import type { ResolverFunction } from '../../service/create-subgraph-service.ts'
import type { UserError } from '../../service/user-error.ts'
import type { ApiKeyRecord } from '../authority.ts'
import type { AuthDomain } from '../domain.ts'
import { type WithHop, callerOf, refusalFor, requirePerson } from './context.ts'

interface CreateApiKeyArguments {
  readonly input: {
    readonly name: string
    readonly scopes?: readonly string[] | null
    readonly expiresInDays: number
    readonly serviceAccountId?: string | null
  }
}

interface CreateApiKeyPayload {
  readonly key: string | null
  readonly apiKey: ApiKeyRecord | null
  readonly errors: readonly UserError[]
}

/** Keys are made and revoked by people who have signed in, never by keys. */
export function apiKeyMutations(domain: AuthDomain): Readonly<Record<string, ResolverFunction>> {
  return {
    async createApiKey(
      _source: unknown,
      { input }: CreateApiKeyArguments,
      context: WithHop,
    ): Promise<CreateApiKeyPayload> {
      const { name, scopes, expiresInDays, serviceAccountId } = input
      try {
        const owner = { serviceAccountId: serviceAccountId ?? undefined }
        const wanted = { name, scopes: scopes ?? undefined, expiresInDays, ...owner }
        const { key, record } = await domain.apiKeys.create(requirePerson(context), wanted, callerOf(context))
        return { key, apiKey: record, errors: [] }
      } catch (failure) {
        return { key: null, apiKey: null, errors: [refusalFor(failure)] }
      }
    },
    async revokeApiKey(_source: unknown, { id }: { readonly id: string }, context: WithHop) {
      try {
        const apiKey = await domain.apiKeys.revoke(requirePerson(context), id, callerOf(context))
        return { apiKey, errors: [] }
      } catch (failure) {
        return { apiKey: null, errors: [refusalFor(failure)] }
      }
    },
  }
}
