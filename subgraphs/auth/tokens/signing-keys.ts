import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EnneadError } from '../../../kernel/errors.ts'

export interface SigningKey {
  readonly kid: string
  readonly createdAtMs: number
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A public key as `/.well-known/jwks.json` shows it (RFC 7517). */
export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly use: 'sig'
  readonly alg: 'ES256'
}

export interface SigningKeysOptions {
  /** The file that holds the private keys; made when there is none, readable by its owner only. */
  readonly path: string
  /** Milliseconds since 1970. Default Date.now. */
  readonly wall?: () => number
}

/** Keys that verify. */
const keysMax = 4

/** ES256 (RFC 7518) key pairs. The newest signs; the ones before it go on verifying, at most three. */
export class SigningKeys {
  readonly #path: string
  readonly #wall: () => number
  #keys: readonly SigningKey[]

  /** Use `openSigningKeys`. */
  constructor(path: string, wall: () => number, keys: readonly SigningKey[]) {
    this.#path = path
    this.#wall = wall
    this.#keys = keys
  }

  /** The key that signs. */
  get newest(): SigningKey {
    const key = this.#keys[0]
    if (key === undefined) throw new EnneadError('INTERNAL', 'there is no signing key')
    return key
  }

  /** A key of ours by its id, compared as text with ids we know and never used for anything else. */
  find(kid: string): SigningKey | undefined {
    return this.#keys.find(key => key.kid === kid)
  }

  /** Public keys, newest first. */
  jwks(): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.#keys.map(publicJwk) }
  }

  /** A secret of 32 bytes of each key, newest first, that nobody can tell from chance without the key (HKDF, RFC 5869). */
  derived(purpose: string): readonly Buffer[] {
    return this.#keys.map(({ privateKey }) => {
      const secret = privateKey.export({ format: 'der', type: 'pkcs8' })
      return Buffer.from(hkdfSync('sha256', secret, '', `ennead ${purpose}`, 32))
    })
  }

  /**
   * Signs with a new key from now on; durable when it answers. Rejects with BAD_USER_INPUT when the key that would be forgotten
   * for it has signed within `tokenLifeMs`: tokens of it may still be in use.
   */
  async rotate(tokenLifeMs = 0): Promise<void> {
    // The oldest of all stopped signing when the one after it was made.
    const after = this.#keys[keysMax - 2]
    const leftMs = (after?.createdAtMs ?? Number.NEGATIVE_INFINITY) + tokenLifeMs - this.#wall()
    if (this.#keys.length === keysMax && leftMs > 0)
      throw new EnneadError(
        'BAD_USER_INPUT',
        `tokens of the oldest key may still be in use; rotate again in ${Math.ceil(leftMs / 1_000)} s`,
      )
    const keys = [newKey(this.#wall()), ...this.#keys].slice(0, keysMax)
    await save(this.#path, keys)
    this.#keys = keys
  }
}

/** Reads the keys in `path`, or makes the first. Rejects with DATA_FOLDER_CORRUPT or DATA_FOLDER_UNREADABLE. */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { path, wall = Date.now } = options
  try {
    const text = await readFile(path, 'utf8').catch((failure: NodeJS.ErrnoException) => {
      if (failure.code === 'ENOENT') return undefined
      throw failure
    })
    if (text !== undefined) return new SigningKeys(path, wall, parse(path, text))
    const keys = [newKey(wall())]
    await save(path, keys)
    return new SigningKeys(path, wall, keys)
  } catch (cause) {
    if (cause instanceof EnneadError) throw cause
    throw new EnneadError('DATA_FOLDER_UNREADABLE', `the signing keys in ${path} cannot be used`, { cause })
  }
}

function newKey(createdAtMs: number): SigningKey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid: randomBytes(12).toString('base64url'), createdAtMs, ...pair }
}

function publicJwk(key: SigningKey): PublicJwk {
  const { x, y } = key.publicKey.export({ format: 'jwk' })
  if (x === undefined || y === undefined) throw new EnneadError('INTERNAL', 'a signing key is not on a curve')
  return { kty: 'EC', crv: 'P-256', x, y, kid: key.kid, use: 'sig', alg: 'ES256' }
}

/** Written beside the file and moved over it, so that a crash leaves the old keys or the new ones. */
async function save(path: string, keys: readonly SigningKey[]): Promise<void> {
  const text = JSON.stringify({
    keys: keys.map(({ kid, createdAtMs, privateKey }) => ({
      kid,
      createdAtMs,
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    })),
  })
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function parse(path: string, text: string): readonly SigningKey[] {
  try {
    const { keys }: { keys?: unknown } = JSON.parse(text)
    if (!Array.isArray(keys) || keys.length === 0 || keys.length > keysMax) throw new TypeError('no keys')
    return keys.map(parseKey)
  } catch (cause) {
    throw new EnneadError('DATA_FOLDER_CORRUPT', `the signing keys in ${path} are damaged`, { cause })
  }
}

function parseKey(one: unknown): SigningKey {
  const { kid, createdAtMs, privateKey }: Record<string, unknown> = Object(one)
  if (typeof kid !== 'string' || typeof createdAtMs !== 'number' || typeof privateKey !== 'string') {
    throw new TypeError('a key lacks kid, createdAtMs or privateKey')
  }
  const key = createPrivateKey(privateKey)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('a key is not on P-256')
  return { kid, createdAtMs, privateKey: key, publicKey: createPublicKey(key) }
}
