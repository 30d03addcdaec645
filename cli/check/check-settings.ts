import { failOnWords } from '../../checks/report/check-report.ts'
import { reportFormats } from '../../checks/report/format-report.ts'
import { choice, integer, list, secret, text } from '../../kernel/settings.ts'
import { hintLevels } from '../composition-report.ts'
import { lintChoice } from './lint-choice.ts'

export const checkSettings = {
  config: text("Subgraphs of the new schema, in the format of Rover's supergraph.yaml.", 'supergraph.yaml'),
  against: text(
    'What to compare with: a git ref (main), a file of one (v1.2:schema/supergraph.graphql), a file (supergraph, plain schema or supergraph.yaml), or the URL of a running server.',
    undefined,
  ),
  againstHeader: secret('Header for the URL of --against, e.g. "authorization: Bearer …".'),
  operations: list(
    'What clients send: folders, globs, .graphql files, manifests of persisted documents, operation logs. Without it the worst is assumed.',
  ),
  seenWithinDays: integer(
    'Leave out operations that no client sent for so many days; 0: none.',
    0,
    0,
    100_000,
  ),
  requestsMin: integer('Leave out operations with fewer recorded requests.', 0, 0, 1_000_000_000),
  shareMinPercent: integer('Leave out operations with a smaller share of all requests, percent.', 0, 0, 100),
  ignoredClients: list('Clients whose requests do not count.'),
  accept: text('File of changes that were decided to pass; see docs/check.md.', undefined),
  failOn: choice('From which level on changes fail the check.', 'breaking', failOnWords),
  lint: lintChoice(
    'Rules for the subgraph schemas; only what is new since --against is told. RULE alone fails the check, RULE=warning and RULE=notice do not.',
  ),
  hints: choice(
    'What composition says besides errors; only what is new since --against, where that was composed.',
    'warning',
    hintLevels,
  ),
  plansMax: integer(
    'Operations whose query plans are compared, the most used first; 0: none.',
    200,
    0,
    100_000,
  ),
  format: choice('How the report is written.', 'pretty', reportFormats),
  output: text('File for the report. Default: standard output.', undefined),
}
