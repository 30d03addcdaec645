import type { IncomingHttpHeaders } from 'node:http'
import { EnneadError } from '../../kernel/errors.ts'

/** Headers a page cannot send to another site without that site's consent (a CORS preflight). */
const preflightHeaders = ['apollo-require-preflight', 'graphql-require-preflight', 'x-apollo-operation-name']

/** Which web pages may talk to this gateway. */
export interface OriginPolicy {
  /** No `Origin` (not a browser), our own host, or an origin on the allow-list. */
  allows(headers: IncomingHttpHeaders): boolean
  /** The value of Access-Control-Allow-Origin for this request; undefined: a page of that origin must not read the answer. */
  corsOrigin(headers: IncomingHttpHeaders): string | undefined
}

/**
 * @param origins Origins allowed beside our own host, e.g. `https://app.example.com`; `*` allows every page. Throws
 *   BAD_OPTION when one is not an origin.
 */
export function originPolicy(origins: readonly string[]): OriginPolicy {
  for (const origin of origins) {
    if (origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin)) {
      throw new EnneadError(
        'BAD_OPTION',
        `origins must be like https://app.example.com or *, got "${origin}"`,
      )
    }
  }
  const listed = new Set(origins)
  const any = listed.has('*')
  return {
    allows({ origin, host }) {
      return origin === undefined || any || listed.has(origin) || isOwnHost(origin, host)
    },
    corsOrigin({ origin, host }) {
      if (origin === undefined) return undefined
      if (listed.has(origin) || isOwnHost(origin, host)) return origin
      return any ? '*' : undefined
    },
  }
}

/**
 * Refuses what a foreign page can make a browser send without asking us first: anything with cookies from a foreign
 * origin, and a GET that the browser itself marks as coming from another site. POST needs `application/json`, which
 * browsers preflight. Throws CSRF_REFUSED.
 */
export function refuseForgery(method: string, headers: IncomingHttpHeaders, policy: OriginPolicy): void {
  if (headers.cookie !== undefined && !policy.allows(headers)) {
    throw new EnneadError('CSRF_REFUSED', 'requests with cookies are only accepted from allowed origins')
  }
  const site = headers['sec-fetch-site']
  if (method !== 'GET' || (site !== 'cross-site' && site !== 'same-site')) return
  if (headers.origin !== undefined && policy.allows(headers)) return
  if (preflightHeaders.some(name => headers[name] !== undefined)) return
  throw new EnneadError(
    'CSRF_REFUSED',
    'a GET from another site needs the header graphql-require-preflight, or use POST',
  )
}

function isOwnHost(origin: string, host: string | undefined): boolean {
  const start = origin.indexOf('://')
  return start > 0 && host !== undefined && origin.slice(start + 3) === host.toLowerCase()
}
