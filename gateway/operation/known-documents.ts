import { setImmediate as nextTurn } from 'node:timers/promises'
import type { GraphQLSchema } from 'graphql'
import { BoundedCache } from '../../kernel/bounded-cache.ts'
import { readDocument, requireValid } from './document.ts'
import type { DocumentRules, ValidDocument } from './document.ts'

export interface DocumentSizes {
  /** Documents kept at most. */
  readonly entriesMax: number
  /** Characters of the documents kept at most. */
  readonly charactersMax: number
}

/** Documents that fit one schema and the limits, by their text. */
export class KnownDocuments {
  readonly #schema: GraphQLSchema
  readonly #rules: DocumentRules
  readonly #known: BoundedCache<ValidDocument>
  /** Those that are being read. */
  readonly #reading = new Map<string, Promise<ValidDocument>>()

  constructor(schema: GraphQLSchema, rules: DocumentRules, { entriesMax, charactersMax }: DocumentSizes) {
    this.#schema = schema
    this.#rules = rules
    this.#known = new BoundedCache({ entriesMax, sizeMax: charactersMax })
  }

  /** One that was read before; undefined: it has to be read. */
  known(text: string): ValidDocument | undefined {
    return this.#known.get(text)
  }

  /**
   * Parses and validates, each in a turn of the event loop of its own, and answers in another: a large document takes milliseconds
   * for each, in which nobody else is served. However many ask for one at once, it is read once. Rejects with RequestRefused
   * (LIMIT_*, GRAPHQL_PARSE_FAILED, GRAPHQL_VALIDATION_FAILED).
   */
  read(text: string): Promise<ValidDocument> {
    const under = this.#reading.get(text)
    if (under !== undefined) return under
    const reading = this.#read(text).finally(() => this.#reading.delete(text))
    this.#reading.set(text, reading)
    return reading
  }

  async #read(text: string): Promise<ValidDocument> {
    const document = readDocument(text, this.#rules.limits)
    await nextTurn()
    requireValid(document, this.#schema, this.#rules)
    await nextTurn()
    if (text.length <= this.#rules.limits.cachedLengthMax) this.#known.set(text, document, text.length)
    return document
  }
}
