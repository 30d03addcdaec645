import { choice, list, text, toggle } from '../../kernel/settings.ts'
import { encryptionSettings } from '../encryption/encryption-settings.ts'
import { dataSettings } from '../settings.ts'
import { dbStores } from '../store-settings.ts'

/** What can be in an export. */
export const transferParts = ['auth', 'db'] as const
export type TransferPart = (typeof transferParts)[number]

const common = {
  ...dataSettings,
  ...dbStores,
  ...encryptionSettings,
  parts: list(
    'auth: users, workspaces, memberships; db: projects, labels, tasks, comments. Default: both. For a deployment of several processes, what the process of this data folder has.',
    transferParts,
  ),
  format: choice('How to say what was done.', 'text', ['text', 'json']),
}

export const exportSettings = {
  ...common,
  output: text('File to write (NDJSON), in place of one that is there; - is standard output.', undefined),
  decrypt: toggle(
    'Write decrypted what is stored encrypted. Without it the file can be imported only where the keys are.',
    false,
  ),
  passwords: toggle(
    'Write the hashes of passwords, so that people can sign in after an import as before.',
    true,
  ),
}

export const importSettings = {
  ...common,
  input: text('File that ennead export wrote.', undefined),
  existing: choice(
    'What to do with what is stored already and differs: refuse, or keep what is stored.',
    'refuse',
    ['refuse', 'keep'],
  ),
  check: toggle('Only check the file, all of it; change nothing.', false),
}
