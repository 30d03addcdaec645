import { buildSubgraphSchema } from '@apollo/subgraph'
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/index.js'
import { execute, parse, subscribe, validate } from 'graphql'
import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql'
import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { Engine, GraphQLAnswer, GraphQLRequest } from '../../gateway/engine.ts'
import { RequestRefused } from '../../gateway/engine.ts'
import type {
  Subgraph,
  SubgraphContext,
  SubgraphRequest,
  SubgraphResponse,
} from '../../gateway/execution/subgraph.ts'
import { SplicedAnswer } from '../../gateway/execution/compiled/spliced-answer.ts'
import type { Planner } from '../../gateway/planning/planner.ts'
import { fixedSupergraph } from '../../gateway/supergraph/supergraph-source.ts'
import type { Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { composedForTest, federation } from './composed.ts'
import { sharedPlanner } from './shared-planners.ts'

/** vitest.config.ts runs the suites of the gateway that stand on plans once with each. */
export const plannerForTest = process.env['ENNEAD_TEST_PLANNER'] === 'rust' ? 'rust' : 'apollo'

/** Plans with the planner of this run. Where that one hands on to the other, the test fails: it would show nothing of it. */
export function plannerOfTest(supergraph: Supergraph): Planner {
  const planner = sharedPlanner(plannerForTest, supergraph)
  return {
    async plan(request, signal) {
      const plan = await planner.plan(request, signal)
      if (plan.plannedBy !== plannerForTest) {
        throw new Error(`the ${plannerForTest} planner handed this on: ${request.text}`)
      }
      return plan
    },
    close: () => planner.close(),
  }
}

export type Resolvers = GraphQLResolverMap<unknown>

/** One subgraph of a test: what it declares and how it answers. */
export interface SubgraphDefinition {
  readonly sdl: string
  readonly resolvers?: Resolvers
}

/** What a test may do to a subgraph while it runs. */
export interface RunningSubgraph extends Subgraph {
  /** Every request so far. */
  readonly requests: SubgraphRequest[]
  /** Replaces the next answers until it is set to undefined. */
  intercept: ((request: SubgraphRequest, context: SubgraphContext) => Promise<SubgraphResponse>) | undefined
}

export interface Federated {
  readonly engine: Engine
  readonly sdl: string
  readonly subgraph: (name: string) => RunningSubgraph
  /** Answers of the compiled tier so far. */
  readonly spliced: () => number
  /** Prepares and runs; a refusal becomes an answer without data. */
  readonly ask: (
    request: string | GraphQLRequest,
    context?: Partial<SubgraphContext>,
  ) => Promise<GraphQLAnswer>
  readonly subscribe: (
    request: string | GraphQLRequest,
    context?: Partial<SubgraphContext>,
  ) => Promise<AsyncIterableIterator<GraphQLAnswer>>
}

/** The supergraph SDL of small subgraphs. Throws when they do not compose. */
export function composeForTest(definitions: Readonly<Record<string, SubgraphDefinition>>): string {
  return composedForTest(definitions).sdl
}

/** An engine on small subgraphs that run in this process; with a supergraph of its own, on those of them that it names. */
export function federated(
  definitions: Readonly<Record<string, SubgraphDefinition>>,
  options: Partial<EngineOptions> = {},
  build: (options: EngineOptions) => Engine = createEngine,
): Federated {
  const { supergraph: own } = options
  const source = own ?? fixedSupergraph(composedForTest(definitions))
  const sdl = source.current()?.sdl ?? ''
  const invalid: string[] = []
  let spliced = 0
  const running = new Map(
    Object.entries(definitions).map(([name, definition]) => [name, inProcess(name, definition, invalid)]),
  )
  const subgraph = (name: string): RunningSubgraph => {
    const found = running.get(name)
    if (found === undefined) throw new Error(`no subgraph ${name}`)
    return found
  }
  const engine = build({
    supergraph: source,
    subgraph,
    maskErrors: false,
    // In this thread: hundreds of threads would only make the tests slower. test/gateway/planning has theirs.
    planner: plannerOfTest,
    ...options,
  })
  return {
    engine,
    sdl,
    subgraph,
    spliced: () => spliced,
    async ask(request, context) {
      const answer = await ask(engine, request, context, () => spliced++)
      // The gateway answers in another way then, so that nobody else would see it.
      if (invalid.length > 0)
        throw new Error(`a subgraph was asked for something invalid: ${invalid.join('\n')}`)
      return answer
    },
    async subscribe(request, context) {
      const operation = await engine.prepare(asRequest(request), context?.principal)
      return engine.subscribe(operation, contextForTest(context))
    },
  }
}

export async function ask(
  engine: Engine,
  request: string | GraphQLRequest,
  context?: Partial<SubgraphContext>,
  spliced: () => void = () => undefined,
): Promise<GraphQLAnswer> {
  try {
    const operation = await engine.prepare(asRequest(request), context?.principal)
    const answer = await engine.execute(operation, contextForTest(context))
    if (answer instanceof SplicedAnswer) spliced()
    return plain(answer)
  } catch (failure) {
    if (failure instanceof RequestRefused) return { errors: failure.errors }
    throw failure
  }
}

export function contextForTest(context: Partial<SubgraphContext> = {}): SubgraphContext {
  return {
    requestId: 'request-1',
    principal: undefined,
    remainingMs: 10_000,
    signal: new AbortController().signal,
    headers: {},
    ...context,
  }
}

function asRequest(request: string | GraphQLRequest): GraphQLRequest {
  return typeof request === 'string' ? { query: request } : request
}

/** As a client would see it. */
function plain(answer: GraphQLAnswer): GraphQLAnswer {
  // What JSON makes of an answer has the answer's shape.
  return JSON.parse(JSON.stringify(answer)) as GraphQLAnswer
}

/** @param invalid Gets what is wrong with requests in bytes that no subgraph would take. */
export function inProcess(name: string, definition: SubgraphDefinition, invalid: string[]): RunningSubgraph {
  const schema = schemaOf(definition)
  const requests: SubgraphRequest[] = []
  const subgraph: RunningSubgraph = {
    name,
    requests,
    intercept: undefined,
    async execute(request, context) {
      requests.push(request)
      if (subgraph.intercept !== undefined) return subgraph.intercept(request, context)
      return response(await execute(executionOf(schema, request)))
    },
    async exchange(body, context) {
      // The compiled tier writes what it asks for as JSON.
      const request = JSON.parse(Buffer.from(body, 'latin1').toString()) as SubgraphRequest
      requests.push(request)
      if (subgraph.intercept !== undefined) return bytes(await subgraph.intercept(request, context))
      const { faults } = documentOf(schema, request.query)
      if (faults.length > 0) invalid.push(`${name}: ${request.query}: ${faults.join()}`)
      return bytes(await execute(executionOf(schema, request)))
    },
    subscribe: (request, context) => events(schema, request, context),
    close: () => Promise.resolve(),
  }
  return subgraph
}

const schemas = new WeakMap<SubgraphDefinition, GraphQLSchema>()

/** One schema for each definition, whatever engines it is asked by. */
export function schemaOf(definition: SubgraphDefinition): GraphQLSchema {
  let schema = schemas.get(definition)
  if (schema === undefined) {
    const { sdl, resolvers = {} } = definition
    schema = buildSubgraphSchema([{ typeDefs: parse(`${federation}\n${sdl}`), resolvers }])
    schemas.set(definition, schema)
  }
  return schema
}

interface CheckedDocument {
  readonly document: DocumentNode
  readonly faults: readonly GraphQLError[]
}

const documentsMax = 1_000
const documents = new WeakMap<GraphQLSchema, Map<string, CheckedDocument>>()

/** Parsed and validated once, whatever engines ask it. */
function documentOf(schema: GraphQLSchema, text: string): CheckedDocument {
  const known = documents.get(schema) ?? new Map<string, CheckedDocument>()
  documents.set(schema, known)
  let checked = known.get(text)
  if (checked === undefined) {
    const document = parse(text)
    checked = { document, faults: validate(schema, document) }
    if (known.size < documentsMax) known.set(text, checked)
  }
  return checked
}

function bytes(answer: unknown): Buffer {
  return Buffer.from(JSON.stringify(answer))
}

function executionOf(schema: GraphQLSchema, request: SubgraphRequest): Parameters<typeof execute>[0] {
  const { document, faults } = documentOf(schema, request.query)
  if (faults.length > 0) {
    throw new EnneadError(
      'SUBGRAPH_BAD_ANSWER',
      `invalid subgraph query ${request.query}: ${faults.join('\n')}`,
    )
  }
  return {
    schema,
    document,
    variableValues: request.variables ?? {},
    operationName: request.operationName ?? null,
  }
}

function response(result: ExecutionResult): SubgraphResponse {
  // What JSON makes of an execution result has the shape of a response.
  return JSON.parse(JSON.stringify(result)) as SubgraphResponse
}

function events(
  schema: GraphQLSchema,
  request: SubgraphRequest,
  context: SubgraphContext,
): AsyncIterableIterator<SubgraphResponse> {
  // A refusal is an answer, as it is when a subgraph sends it over a WebSocket.
  const started = Promise.resolve(subscribe(executionOf(schema, request))).then(result =>
    Symbol.asyncIterator in result ? result[Symbol.asyncIterator]() : refusal(result),
  )
  started.catch(() => undefined)
  const leave = async (): Promise<void> => void (await (await started).return?.(undefined))
  context.signal.addEventListener('abort', () => void leave().catch(() => undefined))
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      const event = await (await started).next()
      return event.done === true
        ? { done: true, value: undefined }
        : { done: false, value: response(event.value) }
    },
    async return() {
      await leave()
      return { done: true, value: undefined }
    },
  }
}

async function* refusal(result: ExecutionResult): AsyncGenerator<ExecutionResult, undefined> {
  yield { data: null, ...result }
}
