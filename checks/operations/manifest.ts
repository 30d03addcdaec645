import type { OperationCollection } from './operation-collection.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * A manifest of persisted documents: Apollo's (`{"format": "apollo-persisted-query-manifest", "operations": [{id, body}]}`)
 * or a map from ids to texts, as Relay's compiler and graphql-codegen write it.
 * Source: https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format
 */
export function isManifest(content: unknown): content is Json {
  if (!isJson(content)) return false
  return (
    Array.isArray(content['operations']) || Object.values(content).every(value => typeof value === 'string')
  )
}

export function operationsOfManifest(
  collection: OperationCollection,
  content: Json,
  text: string,
  file: string,
): void {
  const listed = content['operations']
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(listed)
    ? listed.map((entry: unknown) => (isJson(entry) ? [entry['id'], entry['body']] : [undefined, undefined]))
    : Object.entries(content)
  for (const [index, [id, body]] of pairs.entries()) {
    if (typeof body !== 'string') {
      collection.notice(`operation ${index + 1} of this manifest has no "body" and is left out`, file, 1)
      continue
    }
    const line = lineOf(text, typeof id === 'string' ? id : body)
    collection.addDocument({ text: body, file, line, ...(typeof id === 'string' ? { id } : {}) })
  }
}

/** Where a manifest first mentions an operation. A formatted manifest has its id there. */
function lineOf(text: string, mention: string): number {
  const at = text.indexOf(JSON.stringify(mention))
  return at < 0 ? 1 : text.slice(0, at).split('\n').length
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
