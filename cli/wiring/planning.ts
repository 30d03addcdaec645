import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { planningSettings } from '../planning-settings.ts'

/** What the settings say of planning, for the engine. */
export function planningOptions({
  planner,
  overrideLabels,
}: SettingsOf<typeof planningSettings>): Required<Pick<EngineOptions, 'planning' | 'overrides'>> {
  return { planning: { planner }, overrides: { active: overrideLabels } }
}
