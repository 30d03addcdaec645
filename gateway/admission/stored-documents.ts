import { createHash } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import { BoundedCache } from '../../kernel/bounded-cache.ts'

export interface StoredDocumentOptions {
  /** Documents of the operator, by id; see `readManifest`. Default none. */
  readonly trusted?: ReadonlyMap<string, string>
  /** Answer nothing but trusted documents. Default false. */
  readonly trustedOnly?: boolean
  /** May clients store documents by their hash (automatic persisted queries)? Default true. */
  readonly automatic?: boolean
  /** Documents stored for clients at most. Default 1,000. */
  readonly entriesMax?: number
  /** Their bytes at most, all together. Default 10 MiB. */
  readonly bytesMax?: number
}

const defaults = {
  trustedOnly: false,
  automatic: true,
  entriesMax: 1_000,
  bytesMax: 10 * 1024 * 1024,
} as const

/** A document, and how to keep it for the next time if it turns out to be good. */
export interface FoundDocument {
  readonly query: string
  readonly register?: (() => void) | undefined
}

/** What of a request says which document it is. */
export interface DocumentReference {
  readonly query: string | undefined
  /** Of `extensions.persistedQuery`: SHA-256 of the text in hexadecimal. */
  readonly hash: string | undefined
  /** Of `documentId` or `doc_id`. */
  readonly id: string | undefined
}

/**
 * Documents that clients name instead of sending: the operator's own (trusted documents), and what clients have stored by
 * its hash (Apollo's automatic persisted queries). A hash is only ever bound to the text that has it.
 */
export class StoredDocuments {
  readonly #trusted: ReadonlyMap<string, string>
  readonly #trustedTexts: ReadonlySet<string>
  readonly #trustedOnly: boolean
  readonly #automatic: boolean
  readonly #stored: BoundedCache<string>

  /** Throws BAD_OPTION. */
  constructor(options: StoredDocumentOptions = {}) {
    const { trustedOnly, automatic, entriesMax, bytesMax } = { ...defaults, ...options }
    this.#trusted = options.trusted ?? new Map()
    this.#trustedTexts = new Set(this.#trusted.values())
    this.#trustedOnly = trustedOnly
    this.#automatic = automatic
    this.#stored = new BoundedCache({ entriesMax, sizeMax: bytesMax })
    if (trustedOnly && this.#trusted.size === 0) {
      throw new EnneadError(
        'BAD_OPTION',
        '--trusted-only needs --trusted-documents with at least one document',
      )
    }
  }

  get count(): number {
    return this.#stored.count
  }

  /** Throws PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_MISMATCH or DOCUMENT_NOT_TRUSTED. Undefined: the request names none. */
  find({ query, hash, id }: DocumentReference): FoundDocument | undefined {
    const name = id ?? hash
    const trusted = name === undefined ? undefined : this.#trusted.get(name)
    if (trusted !== undefined && (query === undefined || query === trusted)) return { query: trusted }
    if (this.#trustedOnly) {
      if (query !== undefined && this.#trustedTexts.has(query)) return { query }
      throw new EnneadError(
        'DOCUMENT_NOT_TRUSTED',
        'this gateway only answers documents that it knows beforehand',
      )
    }
    if (hash === undefined) {
      if (query !== undefined || id === undefined) return query === undefined ? undefined : { query }
      throw notFound()
    }
    if (query === undefined) {
      const stored = this.#stored.get(hash)
      if (stored === undefined) throw notFound()
      return { query: stored }
    }
    if (createHash('sha256').update(query).digest('hex') !== hash) {
      throw new EnneadError('PERSISTED_QUERY_MISMATCH', 'the sha256Hash is not the SHA-256 of the query')
    }
    if (!this.#automatic) return { query }
    return { query, register: () => this.#stored.set(hash, query, Buffer.byteLength(query)) }
  }
}

/** Apollo's clients know it by this very text, and send the document again with its hash. */
function notFound(): EnneadError {
  return new EnneadError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
}

/**
 * Documents by id of a `persisted-documents.json`: Apollo's manifest (`{ "format": "apollo-persisted-query-manifest",
 * "operations": [{ "id", "body" }] }`) or Relay's (`{ "id": "text" }`). Throws BAD_OPTION naming `file`.
 */
export function readManifest(text: string, file: string): ReadonlyMap<string, string> {
  const refuse = (problem: string, cause?: unknown): EnneadError =>
    new EnneadError('BAD_OPTION', `${file} is no manifest of documents: ${problem}`, { cause })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw refuse('it is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('it is not an object')
  const documents = new Map<string, string>()
  const add = (id: unknown, body: unknown): void => {
    if (typeof id !== 'string' || typeof body !== 'string') throw refuse('ids and documents must be texts')
    if (documents.has(id)) throw refuse(`it has two documents with the id ${JSON.stringify(id)}`)
    documents.set(id, body)
  }
  if ('operations' in value && Array.isArray(value.operations)) {
    if (!('format' in value) || value.format !== 'apollo-persisted-query-manifest') {
      throw refuse('its format is not apollo-persisted-query-manifest')
    }
    for (const each of value.operations as unknown[]) {
      if (typeof each !== 'object' || each === null) throw refuse('an operation is not an object')
      add('id' in each ? each.id : undefined, 'body' in each ? each.body : undefined)
    }
  } else for (const [id, body] of Object.entries(value)) add(id, body)
  return documents
}
