import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import type { Secrets } from './provider-client.ts'

/** A sign-in that has begun, as its client keeps it. */
export interface SignInFlow extends Secrets {
  readonly provider: string
  readonly redirectUri: string
  /** Milliseconds since 1970. */
  readonly begunMs: number
  /** Slug of the workspace to sign in to. */
  readonly workspace?: string
  /** Token of the invitation to accept. */
  readonly invitation?: string
  /** The signed-in user who wants to sign in this way as well. */
  readonly linkTo?: string
}

const prefix = 'ennead_flow_'
const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16
const lengthMax = 4_096

/**
 * The flow, so that only we can read or write it: the client keeps it where the sign-in began, and nobody else can go on with it. It is
 * sealed with keys that are derived from the signing keys, so it outlives a restart, and works in every process with these keys.
 */
export function sealFlow(flow: SignInFlow, keys: SigningKeys): string {
  const [key] = keys.derived('sign-in flow')
  if (key === undefined) throw new RangeError('there is no signing key')
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv)
  const text = Buffer.concat([cipher.update(JSON.stringify(flow)), cipher.final()])
  return prefix + Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url')
}

/** The flow that was sealed; undefined when it was not sealed by us, or with a key that is gone. */
export function openFlow(sealed: string, keys: SigningKeys): SignInFlow | undefined {
  if (!sealed.startsWith(prefix) || sealed.length > lengthMax) return undefined
  const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url')
  if (bytes.length < ivBytes + tagBytes) return undefined
  for (const key of keys.derived('sign-in flow')) {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()])
      // Only sealFlow can have written it.
      return JSON.parse(text.toString()) as SignInFlow
    } catch {
      // Sealed with another of our keys, or not by us.
    }
  }
  return undefined
}
