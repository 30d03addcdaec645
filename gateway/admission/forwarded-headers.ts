import { EnneadError } from '../../kernel/errors.ts'
import type { ForwardedHeaders } from '../execution/subgraph.ts'

/** Headers that belong to one connection or that we set ourselves; forwarding them would break or forge requests. */
const never = new Set([
  'connection',
  'content-length',
  'content-type',
  'content-encoding',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Checks an allow-list of header propagation: lower-case names, none of them ours. Throws BAD_OPTION. */
export function forwardList(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      throw new EnneadError('BAD_OPTION', `forwardHeaders must be lower-case header names, got "${name}"`)
    }
    if (never.has(name) || name.startsWith('x-ennead-') || name.startsWith('sec-')) {
      throw new EnneadError('BAD_OPTION', `forwardHeaders must not contain "${name}"`)
    }
  }
  return names
}

/** The headers on the list; a header that came several times is joined as RFC 9110 says. */
export function forwarded(
  names: readonly string[],
  headers: Readonly<Record<string, unknown>>,
): ForwardedHeaders {
  if (names.length === 0) return nothing
  const chosen: Record<string, string> = {}
  for (const name of names) {
    const value = headers[name]
    if (typeof value === 'string') chosen[name] = value
    else if (Array.isArray(value)) chosen[name] = value.join(', ')
  }
  return chosen
}

const nothing: ForwardedHeaders = {}
