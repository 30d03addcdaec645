import { choice, list, toggle } from '../../kernel/settings.ts'
import { engineNames } from '../../subgraphs/db/engine-slot.ts'
import { dataSettings } from '../settings.ts'
import { dbStores } from '../store-settings.ts'

export const doctorSettings = {
  ...dataSettings,
  ...dbStores,
  repair: toggle('Put right what the change log says how.', false),
  forget: list(
    'Stores that are gone for good, or follow only: they are taken out of those that decide.',
    engineNames,
  ),
  foundOn: choice(
    'When no majority is left for ever: found the deployment anew on what this store holds, while Ennead is stopped.',
    '',
    ['', ...engineNames],
  ),
  format: choice('How to say what was found.', 'text', ['text', 'json']),
}
