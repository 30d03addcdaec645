import { checkServerIdentity } from 'node:tls'
import type { PeerCertificate, SecureVersion } from 'node:tls'
import { Pool } from 'undici'
import type { FollowedTls } from './followed-tls.ts'
import { holderOf } from './tls-material.ts'

/** How connections to one server are made. */
export interface TlsClientOptions {
  readonly tls: FollowedTls
  /** Whom it must belong to when it says whom (`spiffe://ennead/NAME`): one machine of a deployment cannot pass for another. */
  readonly holder: string
  /** The name its certificate must have. Default: the host that is connected to. */
  readonly serverName?: string | undefined
  /** Lowest version. Default TLSv1.3. */
  readonly minVersion?: SecureVersion | undefined
}

/** What Node's TLS takes of it. */
export interface TlsConnection {
  readonly minVersion: SecureVersion
  readonly rejectUnauthorized: true
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

/** What Node's TLS takes, with the certificates of now. Nothing is resumed: each connection shows and checks them anew. */
export function connectionOptions({
  tls,
  holder,
  serverName,
  minVersion = 'TLSv1.3',
}: TlsClientOptions): TlsConnection {
  const { ca, own } = tls.current
  return {
    minVersion,
    rejectUnauthorized: true,
    checkServerIdentity: (host, certificate) =>
      checkServerIdentity(host, certificate) ?? otherHolder(certificate, holder),
    ...(ca === undefined ? {} : { ca }),
    ...(own === undefined ? {} : { cert: own.certificate, key: own.key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}

/**
 * Connections to one origin, made with the certificates of now: when these change, new requests go over new connections, and
 * the old ones end with what runs on them.
 */
export class TlsPool {
  readonly #make: () => Pool
  readonly #stop: () => void
  readonly #leaving = new Set<Pool>()
  #current: Pool
  #closed = false

  /** @param client Undefined: TLS as Node has it by default, or none. */
  constructor(origin: string, options: Omit<Pool.Options, 'connect'>, client: TlsClientOptions | undefined) {
    this.#make = () =>
      new Pool(origin, {
        ...options,
        ...(client === undefined ? {} : { connect: { ...connectionOptions(client), maxCachedSessions: 0 } }),
      })
    this.#current = this.#make()
    this.#stop = client?.tls.onChange(() => this.#swap()) ?? ((): void => undefined)
  }

  /** To be asked for each request anew. */
  get current(): Pool {
    return this.#current
  }

  /** Lets requests end. */
  async close(): Promise<void> {
    this.#stop()
    this.#closed = true
    await Promise.all([this.#current, ...this.#leaving].map(pool => pool.close()))
  }

  /** Ends what still runs. */
  async destroy(): Promise<void> {
    this.#stop()
    this.#closed = true
    await Promise.all([this.#current, ...this.#leaving].map(pool => pool.destroy()))
  }

  #swap(): void {
    if (this.#closed) return
    const old = this.#current
    this.#current = this.#make()
    this.#leaving.add(old)
    void old.close().finally(() => this.#leaving.delete(old))
  }
}

function otherHolder({ subjectaltname }: PeerCertificate, holder: string): Error | undefined {
  const found = holderOf(subjectaltname)
  if (found === undefined || found === holder) return undefined
  const failure = new Error(`the certificate belongs to "${found}", not to "${holder}"`)
  return Object.assign(failure, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}
