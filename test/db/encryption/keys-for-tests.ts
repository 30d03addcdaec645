import { randomBytes } from 'node:crypto'
import { EncryptionKeys, parseEncryptionKeys } from '../../../subgraphs/db/encryption/encryption-keys.ts'

/** Lines of a key file, a new key for each id. */
export function keyLines(...ids: readonly string[]): readonly string[] {
  return ids.map(id => `${id}:${randomBytes(32).toString('base64')}`)
}

export function keysOf(lines: readonly string[]): EncryptionKeys {
  return new EncryptionKeys(parseEncryptionKeys(lines.join('\n'), 'the keys'))
}
