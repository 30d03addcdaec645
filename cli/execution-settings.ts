import { toggle } from '../kernel/settings.ts'

/** How a gateway runs operations; docs/performance.md says more. */
export const executionSettings = {
  compiled: toggle(
    'Compile queries that are asked for often; off: all are run by the generic executor.',
    true,
  ),
}
