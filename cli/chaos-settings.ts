import { choice, integer, list, text, toggle } from '../kernel/settings.ts'
import { dataSettings } from './settings.ts'

export const chaosSettings = {
  ...dataSettings,
  subgraph: choice(
    'Which process of a deployment of several to disturb; the one of `ennead start` otherwise.',
    '',
    ['', 'api', 'auth', 'db'],
  ),
  faults: list(
    'Faults instead of those before: domain.agent/operation=kind:rate, e.g. db.sql/read=error:0.15,api.*=latency:0.1:200.',
  ),
  seed: integer('The same seed brings the same faults to the same requests.', 1, 0, 2 ** 32),
  requests: text('Only requests whose x-request-id begins like this. Default: all.', undefined),
  clear: toggle('End all faults.', false),
}
