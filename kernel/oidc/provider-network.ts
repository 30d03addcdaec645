import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import { Agent, type RequestInit, type Response, fetch } from 'undici'
import { type AddressClass, addressClass } from '../address-class.ts'
import { EnneadError } from '../errors.ts'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** All addresses of a host name. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>

export type ProviderFetch = (url: URL, init: RequestInit) => Promise<Response>

/**
 * A fetch that leads to a provider and the places its documents name, never into our own network. A name is resolved once for each
 * connection, and the connection is made to the address that was looked at, so names that change theirs lead nowhere else. Public
 * addresses may be reached, and those of the class that the configured issuer itself had when it was first asked: who sets up an issuer
 * inside wants it asked there. No redirects, no proxies. Rejects as `fetch` does; the cause says which address was refused.
 */
export function providerFetch(issuer: URL, resolve: ResolveHost = resolveHost): ProviderFetch {
  const network = new ProviderNetwork(issuer, resolve)
  const dispatcher = new Agent({ connect: { lookup: network.lookup } })
  return async (url, init) => {
    // Nobody looks up what is an address already.
    const literal = literalOf(url.hostname)
    if (literal !== undefined) await network.check(url.hostname, [literal])
    return fetch(url, { ...init, redirect: 'error', dispatcher })
  }
}

/** Where the name of an issuer may lead. */
const byName: ReadonlySet<AddressClass> = new Set(['public', 'private', 'loopback'])

/** Which addresses a provider may lead to. */
export class ProviderNetwork {
  readonly #issuer: URL
  readonly #resolve: ResolveHost
  #own: ReadonlySet<AddressClass> | undefined

  constructor(issuer: URL, resolve: ResolveHost) {
    this.#issuer = issuer
    this.#resolve = resolve
  }

  /** Of `net.connect`: whatever it answers is connected to. */
  readonly lookup: LookupFunction = (hostname, { all }, callback) =>
    void this.#answer(hostname, all === true, callback)

  /** Throws UNAVAILABLE for a host that has an address that must not be reached. */
  async check(hostname: string, addresses: readonly ResolvedAddress[]): Promise<void> {
    const own = await this.#ownClasses()
    const wrong = addresses.find(({ address }) => {
      const found = addressClass(address)
      return found !== 'public' && !own.has(found)
    })
    if (wrong === undefined && addresses.length > 0) return
    const why =
      wrong === undefined ? 'has no address' : `leads to ${wrong.address}, which is not on the internet`
    throw new EnneadError('UNAVAILABLE', `${hostname} ${why}; only the issuer's own network may be asked`)
  }

  async #answer(hostname: string, all: boolean, callback: Parameters<LookupFunction>[2]): Promise<void> {
    let addresses: readonly ResolvedAddress[]
    try {
      addresses = await this.#checkedAddresses(hostname)
    } catch (failure) {
      callback(asError(failure), '')
      return
    }
    const [first] = addresses
    if (all) callback(null, [...addresses])
    else if (first !== undefined) callback(null, first.address, first.family)
  }

  async #checkedAddresses(hostname: string): Promise<readonly ResolvedAddress[]> {
    const addresses = await this.#resolve(hostname)
    await this.check(hostname, addresses)
    return addresses
  }

  async #ownClasses(): Promise<ReadonlySet<AddressClass>> {
    if (this.#own !== undefined) return this.#own
    const { hostname } = this.#issuer
    const literal = literalOf(hostname)
    const addresses = literal === undefined ? await this.#resolve(hostname) : [literal]
    const classes = addresses.map(({ address }) => addressClass(address))
    // Two that ask at once must not take two answers. No name leads to the metadata of this machine by intent.
    this.#own ??= new Set(classes.filter(each => literal !== undefined || byName.has(each)))
    return this.#own
  }
}

function resolveHost(hostname: string): Promise<readonly ResolvedAddress[]> {
  return systemLookup(hostname, { all: true })
}

/** URL has brought every notation of an IPv4 address into the dotted one. */
function literalOf(hostname: string): ResolvedAddress | undefined {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(address)
  return family === 0 ? undefined : { address, family }
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure))
}
