import {
  execute,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  parse,
  subscribe,
  validate,
} from 'graphql'
import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import { RequestRefused } from '../../gateway/engine.ts'
import { noSupergraph } from './no-supergraph.ts'
import type {
  AnswerError,
  Engine,
  EngineHealth,
  GraphQLAnswer,
  GraphQLRequest,
  PreparedOperation,
} from '../../gateway/engine.ts'
import type { SubgraphContext } from '../../gateway/execution/subgraph.ts'

interface Prepared extends PreparedOperation {
  readonly document: DocumentNode
  readonly variables: Readonly<Record<string, unknown>>
}

/** The engine's contract on one graphql-js schema: what the doors are tested with. Resolvers get the SubgraphContext. */
export function schemaEngine(
  schema: GraphQLSchema,
  health: () => Partial<EngineHealth> = () => ({}),
): Engine {
  const args = (operation: PreparedOperation, context: SubgraphContext) => {
    // Only `prepare` below makes these.
    const { document, variables, name } = operation as Prepared
    return { schema, document, variableValues: variables, operationName: name ?? null, contextValue: context }
  }
  return {
    prepare(request) {
      return Promise.resolve().then(() => prepare(schema, request))
    },
    async execute(operation, context) {
      return answerOf(await execute(args(operation, context)))
    },
    executeIncrementally() {
      throw new Error('nothing is deferred')
    },
    subscribe(operation, context) {
      return follow(async () => {
        const source = await subscribe(args(operation, context))
        if (Symbol.asyncIterator in source) return source
        const answer = answerOf(source)
        throw new RequestRefused(answer.errors ?? [])
      })
    },
    health: () => ({ ready: true, supergraph: noSupergraph, subgraphs: [], ...health() }),
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

function prepare(schema: GraphQLSchema, request: GraphQLRequest): Prepared {
  const document = parsed(request.query)
  const faults = validate(schema, document, undefined, { maxErrors: 9 })
  if (faults.length > 0) throw refused(faults, 'GRAPHQL_VALIDATION_FAILED')
  const operation: OperationDefinitionNode | null | undefined = getOperationAST(
    document,
    request.operationName,
  )
  if (!operation) throw refused([new GraphQLError('no such operation')], 'OPERATION_RESOLUTION_FAILURE')
  const given = request.variables ?? {}
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], given)
  if (variables.errors !== undefined) throw refused(variables.errors, 'BAD_USER_INPUT')
  return { kind: operation.operation, name: operation.name?.value, document, variables: given }
}

function parsed(text: string): DocumentNode {
  try {
    return parse(text)
  } catch (failure) {
    throw refused([failure instanceof GraphQLError ? failure : new GraphQLError('?')], 'GRAPHQL_PARSE_FAILED')
  }
}

function refused(errors: readonly GraphQLError[], code: string): RequestRefused {
  return new RequestRefused(errors.map(error => ({ message: error.message, extensions: { code } })))
}

function answerOf(result: ExecutionResult): GraphQLAnswer {
  const errors = result.errors?.map(answerError)
  return {
    ...(result.data === undefined ? {} : { data: result.data }),
    ...(errors === undefined ? {} : { errors }),
  }
}

function answerError(error: GraphQLError): AnswerError {
  const cause = error.originalError
  const known = cause instanceof EnneadError
  const path = error.path === undefined ? {} : { path: error.path }
  const message = known || cause === undefined ? error.message : 'a fault of ours'
  return { message, ...path, extensions: { code: known ? cause.code : 'INTERNAL' } }
}

/** Written by hand: `return()` reaches the source while `next()` is pending. */
function follow(open: () => Promise<AsyncIterable<ExecutionResult>>): AsyncIterableIterator<GraphQLAnswer> {
  const opening = open().then(source => source[Symbol.asyncIterator]())
  opening.catch(() => undefined)
  return {
    async next() {
      const { done, value } = await (await opening).next()
      return done === true ? { done, value: undefined } : { done: false, value: answerOf(value) }
    },
    async return() {
      const source = await opening.catch(() => undefined)
      await source?.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
