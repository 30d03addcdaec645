import { readFile } from 'node:fs/promises'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { EncryptionKeys, parseEncryptionKeys } from '../../subgraphs/db/encryption/encryption-keys.ts'
import { type EncryptableField, Vault, encryptableFields } from '../../subgraphs/db/encryption/vault.ts'
import { followFile } from '../followed-file.ts'
import type { Lifecycle } from '../lifecycle.ts'

export interface EncryptionSettings {
  readonly encrypt: readonly string[]
  readonly encryptionKeys: string | undefined
  readonly encryptionKeysFile: string | undefined
}

/**
 * What the settings say of encryption. A file of keys is followed while the process runs: what cannot be used is logged once, and
 * the keys of before stay. Throws BAD_OPTION for keys that are none or that fields have not got, and for two sources of them.
 */
export async function openVault(
  { encrypt, encryptionKeys: given, encryptionKeysFile: file }: EncryptionSettings,
  lifecycle: Lifecycle,
  log: Log,
  clock: Clock = systemClock,
): Promise<Vault> {
  // The setting takes these words only.
  const fields = encryptableFields.filter(field => encrypt.includes(field)) as readonly EncryptableField[]
  if (given !== undefined && file !== undefined) {
    throw new EnneadError('BAD_OPTION', 'give --encryption-keys or --encryption-keys-file, not both')
  }
  if (given !== undefined) {
    return new Vault({ fields, keys: new EncryptionKeys(parseEncryptionKeys(given, '--encryption-keys')) })
  }
  if (file === undefined) {
    if (fields.length === 0) return new Vault()
    const why = `--encrypt ${fields.join(',')} needs keys: give --encryption-keys-file`
    throw new EnneadError('BAD_OPTION', `${why}; make one: echo "2026-11:$(openssl rand -base64 32)" > FILE`)
  }
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new EnneadError('BAD_OPTION', `--encryption-keys-file: ${file} cannot be read`, { cause })
  })
  const keys = new EncryptionKeys(parseEncryptionKeys(text, `--encryption-keys-file: ${file}`))
  lifecycle.add('encryption keys', followKeys(file, text, keys, log, clock))
  return new Vault({ fields, keys })
}

/** Has `keys` be what the file holds whenever that changes. Answers how to stop. */
function followKeys(file: string, read: string, keys: EncryptionKeys, log: Log, clock: Clock): () => void {
  const { look, stop } = followFile(
    file,
    text => {
      try {
        keys.use(parseEncryptionKeys(text, file))
        log.info('encryption.keys-changed', { file, current: keys.current.id, keys: keys.ids.length })
      } catch (failure) {
        log.error('encryption.keys-unusable', { file, error: failure })
      }
    },
    { last: read, clock },
  )
  keys.look = look
  return stop
}
