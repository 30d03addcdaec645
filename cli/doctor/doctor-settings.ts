import { choice, toggle } from '../../kernel/settings.ts'
import { dataSettings, dbStores } from '../settings.ts'

export const doctorSettings = {
  ...dataSettings,
  ...dbStores,
  repair: toggle('Put right what the change log says how.', false),
  format: choice('How to say what was found.', 'text', ['text', 'json']),
}
