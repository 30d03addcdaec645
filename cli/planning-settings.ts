import { plannerChoices } from '../gateway/planning/planner.ts'
import { choice, list } from '../kernel/settings.ts'

/** How a gateway plans operations; docs/planning.md says more. */
export const planningSettings = {
  planner: choice(
    'Which query planner is asked first; an operation that it cannot plan goes to the other. auto is apollo.',
    'auto',
    plannerChoices,
  ),
  overrideLabels: list('Labels of progressive @override that are active for everyone, beside percent(n).'),
}
