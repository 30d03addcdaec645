import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { EnneadError } from '../../../kernel/errors.ts'
import type { SealedValues } from '../record.ts'
import type { EncryptionKey } from './encryption-keys.ts'

/*
 * Envelope encryption. Values are encrypted with a data key (AES-256-GCM), and the data key stands beside them, wrapped with the
 * operator's key (AES key wrap, RFC 3394, which needs no nonce and so has no limit of uses). What a value belongs to is
 * authenticated with it, so that it cannot be moved to another record, field or version.
 */

/** Records that one data key serves: random nonces are safe for 2^32 of them, and a leaked data key should open little. */
const usesMax = 1_000
/** Data keys kept unwrapped: unwrapping costs ten times what decrypting does. */
const unwrappedMax = 1_000
const nonceBytes = 12
const tagBytes = 16
const dataKeyBytes = 32
const wrapping = 'id-aes256-wrap'
const wrappingStart = Buffer.alloc(8, 0xa6)

interface DataKey {
  readonly bytes: Buffer
  readonly wrapped: string
  readonly wrappedBy: EncryptionKey
  uses: number
}

/** Encrypts and decrypts values, and keeps data keys at hand. */
export class Envelope {
  readonly #unwrapped = new Map<string, Buffer>()
  #dataKey: DataKey | undefined

  /** @param owner Names the record and its version; the same must be given to open the values. */
  seal(key: EncryptionKey, owner: string, values: ReadonlyMap<string, string>): SealedValues {
    const { bytes, wrapped } = this.#dataKeyFor(key)
    const sealed = [...values].map(([name, value]) => [
      name,
      encrypt(bytes, belonging(owner, name, key.id), value),
    ])
    // Pairs of names and texts.
    return {
      key: key.id,
      dataKey: wrapped,
      values: Object.fromEntries(sealed) as Readonly<Record<string, string>>,
    }
  }

  /** Throws ENCRYPTED_VALUE_INVALID for values that were changed, moved, or encrypted with another key of this id. */
  open(key: EncryptionKey, owner: string, { dataKey, values }: SealedValues): ReadonlyMap<string, string> {
    try {
      const bytes = this.#unwrap(key, dataKey)
      return new Map(
        Object.entries(values).map(([name, value]) => [
          name,
          decrypt(bytes, belonging(owner, name, key.id), value),
        ]),
      )
    } catch (cause) {
      const why = `was changed outside Ennead, or encrypted with another key that was called "${key.id}", too`
      throw new EnneadError('ENCRYPTED_VALUE_INVALID', `what is encrypted in ${owner} ${why}`, { cause })
    }
  }

  #dataKeyFor(key: EncryptionKey): DataKey {
    const known = this.#dataKey
    if (known !== undefined && known.wrappedBy === key && known.uses < usesMax) {
      known.uses++
      return known
    }
    const bytes = randomBytes(dataKeyBytes)
    const cipher = createCipheriv(wrapping, key.bytes, wrappingStart)
    const wrapped = Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64')
    this.#dataKey = { bytes, wrapped, wrappedBy: key, uses: 1 }
    return this.#dataKey
  }

  #unwrap(key: EncryptionKey, wrapped: string): Buffer {
    // Under another key's bytes the same text is another data key, or none.
    const name = `${key.bytes.toString('base64')} ${wrapped}`
    const known = this.#unwrapped.get(name)
    if (known !== undefined) return known
    const decipher = createDecipheriv(wrapping, key.bytes, wrappingStart)
    const bytes = Buffer.concat([decipher.update(Buffer.from(wrapped, 'base64')), decipher.final()])
    if (this.#unwrapped.size >= unwrappedMax)
      this.#unwrapped.delete(this.#unwrapped.keys().next().value ?? '')
    this.#unwrapped.set(name, bytes)
    return bytes
  }
}

function belonging(owner: string, name: string, keyId: string): Buffer {
  return Buffer.from(JSON.stringify([owner, name, keyId]))
}

function encrypt(dataKey: Buffer, belongsTo: Buffer, value: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', dataKey, nonce, { authTagLength: tagBytes }).setAAD(belongsTo)
  return Buffer.concat([
    nonce,
    cipher.update(JSON.stringify(value), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]).toString('base64')
}

function decrypt(dataKey: Buffer, belongsTo: Buffer, value: string): string {
  const bytes = Buffer.from(value, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', dataKey, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(belongsTo).setAuthTag(bytes.subarray(-tagBytes))
  const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
  // As JSON also what UTF-8 has no place for comes back as it was.
  return String(JSON.parse(text.toString('utf8')))
}
