import type { Response } from 'undici'
import { EnneadError } from '../errors.ts'
import type { ProviderFetch } from './provider-network.ts'

/** A provider's answer is read up to this size. */
export const bodyBytesMax = 262_144

/**
 * GETs a JSON object from a provider: until `signal` aborts, at most 256 KiB, status 200, no redirects, no credentials. Rejects
 * with AGENT_FAULT.
 */
export async function fetchJsonObject(
  fetch: ProviderFetch,
  url: URL,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const response = await fetch(url, { headers: { accept: 'application/json' }, signal })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new TypeError(`status ${response.status}`)
    }
    const value: unknown = JSON.parse((await readBytes(response, bodyBytesMax)).toString())
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TypeError('not an object')
    // An object of JSON has string keys.
    return value as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new EnneadError('AGENT_FAULT', 'the identity provider could not be asked', { cause })
  }
}

/** The whole body, if it has at most `bytesMax` bytes. Rejects with a RangeError when it has more. */
export async function readBytes(response: Pick<Response, 'body'>, bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  // Leaving the loop by a throw cancels the body.
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > bytesMax) throw new RangeError(`more than ${bytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/**
 * A URL that may be fetched: https, or http on this machine (loopback) for development and tests. Undefined for every
 * other one, and for one with credentials in it.
 */
export function fetchableUrl(text: unknown): URL | undefined {
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '') return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && isLoopback(url) ? url : undefined
}

/** URL has brought every notation of an IPv4 address into the dotted one. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname)
}
