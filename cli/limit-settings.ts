import { integer, list, toggle } from '../kernel/settings.ts'

const most = 1_000_000_000

/** What one operation may be, ask and answer at most; docs/limits.md explains each. */
export const limitSettings = {
  tokensMax: integer('Lexical tokens of a document.', 4_000, 1, most),
  depthMax: integer('Levels of fields, fragments expanded.', 15, 1, 100),
  selectionsMax: integer('Selections, fragments expanded.', 5_000, 1, most),
  aliasesMax: integer('Fields with an alias, fragments expanded.', 50, 1, most),
  rootFieldsMax: integer('Fields at the root, fragments expanded.', 20, 1, most),
  directivesMax: integer('Directives, fragments expanded.', 50, 1, most),
  duplicatesMax: integer('How often one name may stand in one selection set.', 20, 1, most),
  fetchesMax: integer('Subgraph fetches that an operation may need.', 100, 1, most),
  costMax: integer(
    'Estimated cost of an operation: objects, weighed by @cost and @listSize.',
    50_000,
    1,
    most,
  ),
  assumedListSize: integer('Items of a list whose size nothing tells.', 10, 1, most),
  listSizeMax: integer('Most items that may be asked for with one argument.', 10_000, 1, most),
  slicingArguments: list(
    'Arguments that say the size of a list where there is no @listSize. Default: first,last,limit.',
  ),
  explainCost: toggle('Say in extensions.cost of every answer what its operation may cost, and why.', false),
  introspection: toggle(
    'May clients ask for the schema? Off also takes suggestions out of errors. Default: on, unless NODE_ENV is production.',
    process.env['NODE_ENV'] !== 'production',
  ),
  bodyBytesMax: integer('Largest request body.', 1_048_576, 1, most),
  headerBytesMax: integer('Largest request head.', 16_384, 1_024, most),
  answerBytesMax: integer('Largest answer to a client.', 16_777_216, 1, most),
  deferTimeoutMs: integer(
    'Time of everything that @defer puts off, from the first answer on.',
    5_000,
    1,
    most,
  ),
}
