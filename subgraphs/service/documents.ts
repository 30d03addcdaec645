import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql'
import type { ErrorCode } from '../../kernel/errors.ts'

/** Documents kept. */
const documentsMax = 1_000
/** A document with a longer text is parsed anew each time. */
const documentCharactersMax = 100_000
/** More tokens than any plan of the gateway needs; parsing stops there. */
export const documentTokensMax = 100_000

/** A document that fits the schema, or coded errors that say why there is none. */
export type Prepared =
  | { readonly is: 'document'; readonly document: DocumentNode }
  | { readonly is: 'refused'; readonly errors: readonly GraphQLError[] }

/** A bounded store of parsed and validated documents; forgets what was used longest ago. */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>()

  get(key: string): Promise<DocumentNode | undefined> {
    return Promise.resolve(this.#use(key))
  }

  set(key: string, document: DocumentNode): Promise<void> {
    if ((document.loc?.source.body.length ?? 0) > documentCharactersMax) return Promise.resolve()
    this.#documents.set(key, document)
    const oldest = this.#documents.keys().next()
    if (this.#documents.size > documentsMax && oldest.done !== true) this.#documents.delete(oldest.value)
    return Promise.resolve()
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.#documents.delete(key))
  }

  /**
   * The document of `query`, validated against `schema`, with one operation of that name, or with only one. One cache
   * serves one schema.
   */
  prepare(schema: GraphQLSchema, query: string, operationName?: string): Prepared {
    const prepared = this.#prepare(schema, query)
    if (prepared.is === 'refused' || getOperationAST(prepared.document, operationName)) return prepared
    const message =
      operationName === undefined ? 'say which operation to run' : `there is no operation "${operationName}"`
    return refused([new GraphQLError(message, { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } })])
  }

  #prepare(schema: GraphQLSchema, query: string): Prepared {
    const known = this.#use(`subscription ${query}`)
    if (known !== undefined) return { is: 'document', document: known }
    let document: DocumentNode
    try {
      document = parse(query, { maxTokens: documentTokensMax })
    } catch (failure) {
      if (failure instanceof GraphQLError) return refused([withCode(failure, 'GRAPHQL_PARSE_FAILED')])
      throw failure
    }
    const errors = validate(schema, document, undefined, { maxErrors: 10 })
    if (errors.length > 0) return refused(errors.map(error => withCode(error, 'GRAPHQL_VALIDATION_FAILED')))
    void this.set(`subscription ${query}`, document)
    return { is: 'document', document }
  }

  #use(key: string): DocumentNode | undefined {
    const document = this.#documents.get(key)
    if (document === undefined) return undefined
    this.#documents.delete(key)
    this.#documents.set(key, document)
    return document
  }
}

function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { ...error.extensions, code },
  })
}

function refused(errors: readonly GraphQLError[]): Prepared {
  return { is: 'refused', errors }
}
