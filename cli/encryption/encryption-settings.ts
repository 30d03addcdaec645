import { list, secret, text } from '../../kernel/settings.ts'
import { encryptableFields } from '../../subgraphs/db/encryption/vault.ts'

/** What is stored encrypted, and with which keys; docs/encryption.md says more. */
export const encryptionSettings = {
  encrypt: list(
    'Fields to store encrypted; what is not named is decrypted by `ennead encryption rotate`.',
    encryptableFields,
  ),
  encryptionKeys: secret(
    'Keys for --encrypt: id:key with 32 bytes in base64, separated by commas, the one to encrypt with first. For the environment.',
  ),
  encryptionKeysFile: text(
    'File with the keys for --encrypt, one a line, the one to encrypt with first. It is followed.',
    undefined,
  ),
}
