import { choice, integer, list, text, toggle } from '../../kernel/settings.ts'
import { rotationSteps } from './rotate-authority.ts'

export const certsSettings = {
  folder: text(
    'Folder of the authority and all certificates; the authority’s key stays there.',
    '.ennead/certs',
  ),
  host: list('issue: names and addresses it is reached by. Default: NAME and localhost.'),
  hours: integer('issue: life of a certificate.', 24, 1, 8_760),
  days: integer('init and rotate-ca: life of an authority.', 365, 1, 3_650),
  early: toggle('renew: also certificates with more than half of their life before them.', false),
  step: choice('rotate-ca: which step, in this order.', 'introduce', rotationSteps),
}
