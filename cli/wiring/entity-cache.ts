import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { entityCacheSettings } from '../entity-cache-settings.ts'

/** What the settings say of keeping answers. */
export function entityCacheOptions(
  settings: SettingsOf<typeof entityCacheSettings>,
): Pick<EngineOptions, 'entityCache'> {
  const { entityCache, entityCacheEntriesMax, entityCacheBytesMax, staleIfErrorMs } = settings
  if (!entityCache) return {}
  return {
    entityCache: { entriesMax: entityCacheEntriesMax, bytesMax: entityCacheBytesMax, staleIfErrorMs },
  }
}
