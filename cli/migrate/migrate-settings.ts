import { choice, integer } from '../../kernel/settings.ts'
import { dataSettings } from '../settings.ts'
import { dbStores } from '../store-settings.ts'

export const migrateSettings = {
  ...dataSettings,
  ...dbStores,
  store: choice('One store only.', '', ['', 'sql', 'nosql', 'cache', 'auth']),
  to: integer(
    'Layout to bring the store to, with --store. Default: the newest this Ennead knows; `down` needs it.',
    0,
    0,
    10_000,
  ),
  format: choice('How to say what there is.', 'text', ['text', 'json']),
}
