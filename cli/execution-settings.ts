import { integer, toggle } from '../kernel/settings.ts'

/** How a gateway runs operations; docs/performance.md says more. */
export const executionSettings = {
  compiled: toggle(
    'Compile queries that are asked for often; off: all are run by the generic executor.',
    true,
  ),
  workers: integer('Processes that take requests at the one address; about one for each core.', 1, 1, 256),
}
