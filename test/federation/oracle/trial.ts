import {
  buildASTSchema,
  execute,
  GraphQLError,
  GraphQLSchema,
  isNonNullType,
  Kind,
  lexicographicSortSchema,
  parse,
  printSchema,
  visit,
} from 'graphql'
import type { DocumentNode, ExecutionResult, GraphQLFieldResolver, GraphQLOutputType } from 'graphql'
import { isListType } from 'graphql'
import type { GraphQLAnswer, GraphQLRequest, IncrementalAnswer } from '../../../gateway/engine.ts'
import { composedForTest } from '../../support/composed.ts'
import { federated } from '../../support/federated.ts'
import type { Federated } from '../../support/federated.ts'
import { inParts } from '../../support/in-parts.ts'
import type { EngineVariant } from '../engine-variants.ts'
import type { GraphModel } from './graph-model.ts'
import { judge } from './judge.ts'
import type { Fault } from './judge.ts'
import { monolithResolvers, subgraphResolvers } from './resolvers.ts'
import type { Journal } from './resolvers.ts'
import { monolithSdl, subgraphSdls } from './sdl.ts'

/** Both answers to one operation, and what is wrong with the gateway's. */
export interface Outcome {
  readonly variant: EngineVariant
  readonly expected: ExecutionResult
  readonly answer: GraphQLAnswer
  readonly fault: Fault | undefined
  /** Requests to subgraphs. */
  readonly fetches: number
  /** The compiled tier answered. */
  readonly spliced: boolean
}

/** Room for anything the generator writes: what is compared are answers. */
const limits = {
  aliasesMax: 10_000,
  selectionsMax: 100_000,
  fetchesMax: 10_000,
  rootFieldsMax: 1_000,
  directivesMax: 10_000,
  duplicatesMax: 1_000,
  depthMax: 100,
} as const

/** An engine under trial. */
interface Tried {
  readonly variant: EngineVariant
  readonly graph: Federated
}

/** One graph, as subgraphs behind the gateway, built in each of the ways, and as one schema. */
export class Trial {
  readonly schema: GraphQLSchema
  /** The supergraph's SDL. */
  readonly supergraph: string
  readonly #lenient: GraphQLSchema
  readonly #tried: readonly Tried[]
  readonly #journal: Journal = { mutations: 0 }
  readonly #names: readonly string[]

  /** Throws when the model's subgraphs do not compose, or compose to another graph than the one schema. */
  constructor(model: GraphModel, variants: readonly EngineVariant[]) {
    const resolvers = subgraphResolvers(model, this.#journal)
    const sdls = [...subgraphSdls(model)]
    this.#names = sdls.map(([name]) => name)
    const definitions = Object.fromEntries(
      sdls.map(([name, sdl]) => [name, { sdl, resolvers: resolvers.get(name) ?? {} }]),
    )
    const supergraph = composedForTest(definitions)
    this.supergraph = supergraph.sdl
    const document = parse(monolithSdl(model))
    this.schema = runnable(document, monolithResolvers(model, this.#journal))
    this.#lenient = lenient(document, this.schema)
    const composed = sorted(supergraph.apiSchema)
    if (composed !== sorted(this.schema)) {
      throw new DifferentSchemas(`${composed}\n--- is not ---\n${sorted(this.schema)}`)
    }
    const options = { limits, cost: { costMax: Number.MAX_SAFE_INTEGER } }
    this.#tried = variants.map(variant => ({
      variant,
      graph: federated(definitions, options, variant.build),
    }))
  }

  /** What each of the ways makes of `request`, in their order. */
  async run(request: GraphQLRequest): Promise<readonly Outcome[]> {
    const expected = await this.#alone(this.schema, request)
    const all = expected.errors === undefined ? expected : await this.#alone(this.#lenient, request)
    const outcomes: Outcome[] = []
    for (const { variant, graph } of this.#tried) {
      this.#journal.mutations = 0
      for (const name of this.#names) graph.subgraph(name).requests.length = 0
      const before = graph.spliced()
      const answer = await graph.ask(request)
      const spliced = graph.spliced() > before
      const fetches = this.#names.reduce((sum, name) => sum + graph.subgraph(name).requests.length, 0)
      const fault = judge(answer, expected, all) ?? differs(answer, variant, outcomes)
      outcomes.push({ variant, expected, answer, fault, fetches, spliced })
    }
    return outcomes
  }

  /** What the first of the ways makes of a request of which parts are deferred. */
  inParts(request: GraphQLRequest): Promise<readonly IncrementalAnswer[]> {
    this.#journal.mutations = 0
    const [first] = this.#tried
    if (first === undefined) throw new Error('nothing is tried')
    return inParts(first.graph.engine, request)
  }

  async close(): Promise<void> {
    await Promise.all(this.#tried.map(({ graph }) => graph.engine.close()))
  }

  async #alone(
    schema: GraphQLSchema,
    { query, operationName, variables }: GraphQLRequest,
  ): Promise<ExecutionResult> {
    this.#journal.mutations = 0
    const document = parse(query)
    return execute({ schema, document, variableValues: variables, operationName })
  }
}

/**
 * Both tiers give the same answer, byte for byte, from one planner's plans. Errors of fetches that run side by side stand in the order
 * in which these ended.
 */
function differs(
  answer: GraphQLAnswer,
  { name }: EngineVariant,
  others: readonly Outcome[],
): Fault | undefined {
  const other = others.find(({ variant }) => variant.name === name)
  if (other === undefined || inOrder(other.answer) === inOrder(answer)) return undefined
  return { kind: 'tiers', detail: `the ${other.variant.tier} tier answers ${JSON.stringify(other.answer)}` }
}

function inOrder({ errors = [], ...rest }: GraphQLAnswer): string {
  return JSON.stringify([rest, errors.map(error => JSON.stringify(error)).toSorted()])
}

/** The generator said one thing to the subgraphs and another to the one schema: its fault, or composition's. */
export class DifferentSchemas extends Error {}

function sorted(schema: GraphQLSchema): string {
  const { directives: _, ...config } = schema.toConfig()
  return printSchema(lexicographicSortSchema(new GraphQLSchema(config)))
}

function runnable(document: DocumentNode, resolvers: object): GraphQLSchema {
  const schema = buildASTSchema(document)
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName)
    for (const [name, resolve] of Object.entries(
      fields as Record<string, GraphQLFieldResolver<unknown, unknown>>,
    )) {
      if (type !== undefined && 'resolveType' in type && name === '__resolveType')
        type.resolveType = resolve as never
      const field = type !== undefined && 'getFields' in type ? type.getFields()[name] : undefined
      // Fields that clients must not see have resolvers, and no place here.
      if (field !== undefined && 'resolve' in field) field.resolve = resolve
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
