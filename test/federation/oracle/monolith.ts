import {
  buildASTSchema,
  execute,
  getOperationAST,
  GraphQLError,
  GraphQLSchema,
  isListType,
  isNonNullType,
  Kind,
  lexicographicSortSchema,
  OperationTypeNode,
  parse,
  printSchema,
  subscribe,
  visit,
} from 'graphql'
import type { DocumentNode, ExecutionResult, GraphQLFieldResolver, GraphQLOutputType } from 'graphql'
import type { GraphQLRequest } from '../../../gateway/engine.ts'
import type { GraphModel } from './graph-model.ts'
import { withoutDefers } from './random-defers.ts'
import { monolithResolvers } from './resolvers.ts'
import type { Journal } from './resolvers.ts'
import { monolithSdl } from './sdl.ts'

type Resolver =
  GraphQLFieldResolver<unknown, unknown> | { readonly subscribe: unknown; readonly resolve: unknown }

/** What one schema answers: one answer, or those of all events. */
export interface RightAnswers {
  readonly expected: readonly ExecutionResult[]
  /** The same, with every error there could be: nulls that may not be are errors at their own places. */
  readonly all: readonly ExecutionResult[]
}

/** The graph as one schema, run by graphql-js. */
export class Monolith {
  readonly schema: GraphQLSchema
  readonly #lenient: GraphQLSchema
  readonly #journal: Journal

  constructor(model: GraphModel, journal: Journal) {
    const document = parse(monolithSdl(model))
    this.schema = runnable(document, monolithResolvers(model, journal))
    this.#lenient = lenient(document, this.schema)
    this.#journal = journal
  }

  async answers(request: GraphQLRequest): Promise<RightAnswers> {
    const expected = await this.#run(this.schema, request)
    const fails = expected.some(({ errors }) => errors !== undefined)
    return { expected, all: fails ? await this.#run(this.#lenient, request) : expected }
  }

  async #run(
    schema: GraphQLSchema,
    { query, operationName, variables }: GraphQLRequest,
  ): Promise<readonly ExecutionResult[]> {
    this.#journal.mutations = 0
    const document = parse(withoutDefers(query))
    const args = { schema, document, variableValues: variables, operationName }
    if (!isSubscription({ query, operationName })) return [await execute(args)]
    const events = await subscribe(args)
    return Symbol.asyncIterator in events ? Array.fromAsync(events) : [events]
  }
}

export function isSubscription({ query, operationName }: GraphQLRequest): boolean {
  // Most are none, and need not be parsed to say so.
  if (!query.includes('subscription')) return false
  return getOperationAST(parse(query), operationName)?.operation === OperationTypeNode.SUBSCRIPTION
}

/** To compare schemas by. */
export function printedSorted(schema: GraphQLSchema): string {
  const { directives: _, ...config } = schema.toConfig()
  return printSchema(lexicographicSortSchema(new GraphQLSchema(config)))
}

function runnable(document: DocumentNode, resolvers: object): GraphQLSchema {
  const schema = buildASTSchema(document)
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName)
    for (const [name, resolve] of Object.entries(fields as Record<string, Resolver>)) {
      if (type !== undefined && 'resolveType' in type && name === '__resolveType')
        type.resolveType = resolve as never
      const field = type !== undefined && 'getFields' in type ? type.getFields()[name] : undefined
      // Fields that clients must not see have resolvers, and no place here.
      if (field === undefined || !('resolve' in field)) continue
      if (typeof resolve === 'function') field.resolve = resolve
      else Object.assign(field, resolve)
    }
  }
  return schema
}

/** The same schema with every null allowed, where a null that is not allowed is an error at its own place. */
function lenient(document: DocumentNode, strict: GraphQLSchema): GraphQLSchema {
  const nullable = visit(document, {
    FieldDefinition: field => ({
      ...field,
      type: visit(field.type, { NonNullType: { leave: node => node.type } }),
    }),
  })
  const schema = buildASTSchema(nullable)
  for (const [name, type] of Object.entries(schema.getTypeMap())) {
    const original = strict.getType(name)
    if (original === undefined || name.startsWith('__')) continue
    if ('resolveType' in type && 'resolveType' in original) type.resolveType = original.resolveType
    if (
      type.astNode?.kind !== Kind.OBJECT_TYPE_DEFINITION ||
      !('getFields' in type) ||
      !('getFields' in original)
    )
      continue
    for (const field of Object.values(type.getFields())) {
      const same = original.getFields()[field.name]
      if (same === undefined || !('resolve' in same) || !('resolve' in field)) continue
      // Every field of the strict schema has a resolver of this type.
      const resolve = same.resolve as GraphQLFieldResolver<unknown, unknown> | undefined
      const failing: GraphQLFieldResolver<unknown, unknown> = (...given) =>
        withErrors(resolve?.(...given), same.type)
      field.resolve = failing
      if ('subscribe' in same && 'subscribe' in field) field.subscribe = same.subscribe
    }
  }
  return schema
}

function withErrors(value: unknown, type: GraphQLOutputType): unknown {
  if (isNonNullType(type)) {
    return value === null ? new GraphQLError('null where none may be') : withErrors(value, type.ofType)
  }
  if (!isListType(type) || !Array.isArray(value)) return value
  return value.map(item => withErrors(item, type.ofType))
}
