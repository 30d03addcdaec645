import { integer, text, toggle } from '../kernel/settings.ts'
import { supergraphCommandSettings } from './supergraph-settings.ts'

/** What a gateway keeps of subgraphs' answers; docs/entity-cache.md says more. */
export const entityCacheSettings = {
  entityCache: toggle('Keep answers that subgraphs or @cacheControl allow to be kept.', false),
  entityCacheEntriesMax: integer(
    'Entities and answers of root fields kept at most, by each worker.',
    100_000,
    1,
    100_000_000,
  ),
  entityCacheBytesMax: integer(
    'Bytes of them kept at most, by each worker; text counts two bytes a character.',
    64 * 1024 * 1024,
    1,
    2 ** 40,
  ),
  staleIfErrorMs: integer(
    'How long after its age a kept answer may be given, marked, when its subgraph fails; 0: never.',
    60_000,
    0,
    86_400_000,
  ),
}

/** What `ennead cache forget` takes. */
export const cacheCommandSettings = {
  ...supergraphCommandSettings,
  subgraph: text('Only what this subgraph has answered.', undefined),
  type: text('Only what may have objects of this type.', undefined),
  key: text('Only what may have the entity of --type with these key fields, as JSON.', undefined),
}
