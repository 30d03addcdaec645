import type { CustomFetch } from 'openid-client'
import { EnneadError } from '../errors.ts'
import { bodyBytesMax, fetchableUrl, isLoopback, readBytes } from './fetch-json.ts'
import { type ProviderFetch, providerFetch } from './provider-network.ts'

/**
 * A fetch for what a provider's own discovery document names: https only (http where the provider itself is on this machine), never
 * this machine's services or our own network for a provider elsewhere, no redirects, answers of at most 256 KiB. Rejects with
 * AGENT_FAULT.
 */
export function guardedFetch(issuer: URL, fetch: ProviderFetch = providerFetch(issuer)): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const target = fetchableUrl(url)
    if (target === undefined || (isLoopback(target) && !isLoopback(issuer)))
      throw new EnneadError('AGENT_FAULT', 'the identity provider names a URL that must not be fetched')
    try {
      const response = await fetch(target, {
        method,
        headers,
        body: body ?? null,
        signal: signal ?? null,
      })
      const bytes = new Uint8Array(await readBytes(response, bodyBytesMax))
      const { status, statusText } = response
      const empty = status === 204 || status === 304
      return new Response(empty ? null : bytes, { status, statusText, headers: response.headers })
    } catch (cause) {
      throw new EnneadError('AGENT_FAULT', 'the identity provider could not be asked', { cause })
    }
  }
}
