import type { ErrorCode } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Forgetting } from './execution/entity-cache/forgotten.ts'
import type { SubgraphContext } from './execution/subgraph.ts'
import type { SupergraphStatus } from './supergraph/supergraph-source.ts'

/** A GraphQL request as a door has parsed it: `query` is a string, `variables` an object, whatever their content. */
export interface GraphQLRequest {
  readonly query: string
  readonly operationName?: string | undefined
  readonly variables?: Readonly<Record<string, unknown>> | undefined
  /** Whoever asks takes an answer in parts, so that @defer applies. Default false: everything is answered at once. */
  readonly incremental?: boolean | undefined
}

/** An error as clients see it; `extensions.code` is always there. */
export interface AnswerError {
  readonly message: string
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
  readonly path?: readonly (string | number)[]
  readonly extensions: { readonly code: ErrorCode | (string & {}); readonly [fact: string]: unknown }
}

/** A GraphQL response. `data` is absent when the request was refused before execution; keys stand in the query's order. */
export interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly AnswerError[]
  /**
   * `ennead.degraded` lists the places that are not known to be current, in the client's names, at most 100 (DegradedPath in
   * kernel/degradation.ts); a place covers everything below it. There are none while all is well.
   */
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** A request that was refused before execution; at most 10 errors. A door answers it with `errors` and no `data`. */
export class RequestRefused extends Error {
  readonly errors: readonly AnswerError[]

  constructor(errors: readonly AnswerError[]) {
    super(errors[0]?.message ?? 'refused')
    this.name = 'RequestRefused'
    this.errors = errors
  }
}

/** What an operation may cost with the variables it came with; docs/limits.md says how that is estimated. */
export interface OperationCost {
  /** At least as much as it will cost: objects of the answer, weighed. */
  readonly estimated: number
  /** 0 to 1: how near it comes to what is allowed, in cost or in fetches, on a logarithmic scale. */
  readonly complexity: number
  /** Computed when asked. */
  explain(): CostExplanation
}

export interface CostExplanation {
  readonly estimated: number
  readonly limit: number
  /** The ten most expensive, by what they cost without what is selected on them. */
  readonly fields: readonly {
    /** Response names, joined by dots. */
    readonly path: string
    readonly cost: number
    /** How many values are expected at this place of the answer. */
    readonly values: number
  }[]
}

/** What a subscription is to other subscriptions. */
export interface SubscriptionIdentity {
  /** Equal for subscriptions that bring a caller the same events with the same fields, wherever they begin. */
  readonly topic: string
  /** The event behind which it begins, as its argument `after` says. Undefined: it begins with what comes from now on. */
  readonly after: string | undefined
  /** It can begin behind any of its events: the answers have their cursors in `extensions.cursor`. */
  readonly resumable: boolean
}

/** The answers of a subscription, one an event, in order. */
export interface AnswerStream extends AsyncIterableIterator<GraphQLAnswer> {
  /**
   * Completes the events from now on as `operation` asks, which is the same one planned on another supergraph. False, and
   * nothing changes, when its events come from elsewhere or are asked for differently.
   */
  continueAs?(operation: PreparedOperation): boolean
}

/** A deferred fragment of an answer, at its object's `path`. */
export interface IncrementalPart extends GraphQLAnswer {
  readonly path: readonly (string | number)[]
  readonly label?: string
}

/** One message of an answer in parts: the first is an answer, the others have what was deferred (draft of 2022-08-24). */
export interface IncrementalAnswer extends GraphQLAnswer {
  readonly incremental?: readonly IncrementalPart[]
  readonly hasNext: boolean
}

/** A parsed, validated and planned operation, bound to the supergraph it was planned on. Opaque to doors. */
export interface PreparedOperation {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly name: string | undefined
  /** The document, one copy for all who sent the same while it is cached. Undefined: it is not kept. */
  readonly text?: string | undefined
  /** A part of it is deferred: `executeIncrementally` runs it. Undefined: no. */
  readonly incremental?: boolean | undefined
  /** How often each root field is asked for, by coordinate, e.g. `Query.tasks`. Undefined: nobody has counted. */
  readonly rootFields?: ReadonlyMap<string, number> | undefined
  /** Undefined: nobody has estimated it. */
  readonly cost?: OperationCost | undefined
  /** The operation with the fragments it uses, and nobody's data. Computed when asked. Undefined: nobody knows it. */
  readonly textWithoutValues?: string | undefined
  /** Of a subscription. Undefined: it is like no other. */
  readonly subscription?: SubscriptionIdentity | undefined
  /** How long a query asks to wait for something to happen, by an argument `waitMs` of a root field. Milliseconds. */
  readonly waitMs?: number | undefined
}

export interface SubgraphHealth {
  readonly name: string
  /** `unknown`: not asked yet. */
  readonly state: 'ok' | 'failing' | 'unknown'
  readonly detail: string
}

export interface EngineHealth {
  /** A supergraph is loaded. */
  readonly ready: boolean
  readonly supergraph: SupergraphStatus
  readonly subgraphs: readonly SubgraphHealth[]
}

/** The gateway without its doors: text in, answers out. */
export interface Engine {
  /** Parses, validates, coerces variables and plans what `principal` may see. Throws RequestRefused. */
  prepare(request: GraphQLRequest, principal?: Principal): Promise<PreparedOperation>
  /** Runs a query or mutation. Never rejects: every failure is in the answer. */
  execute(operation: PreparedOperation, context: SubgraphContext): Promise<GraphQLAnswer>
  /**
   * Runs a query or mutation of which parts are deferred, these within `deferredMs` more. Never rejects. Of any other the first
   * message is all there is.
   */
  executeIncrementally(
    operation: PreparedOperation,
    context: SubgraphContext,
    deferredMs: number,
  ): AsyncIterable<IncrementalAnswer>
  /**
   * Runs a subscription. `return()` lets go of the source at once, also while it is quiet.
   * @param after Begin behind the event of this cursor. Undefined: where the operation says.
   */
  subscribe(operation: PreparedOperation, context: SubgraphContext, after?: string): AnswerStream
  /** Calls `told` whenever another supergraph has begun to serve. Undefined: there is never another. */
  onSupergraph?(told: () => void): void
  /**
   * Another number whenever a mutation has ended or another supergraph has begun to serve: a query that began before must not
   * answer one that is asked after it. Undefined: answers must not be shared.
   */
  readonly epoch?: number
  /** Will the operation probably be answered with bytes of subgraphs, so that its answer is the same for all who may see it? */
  isCompiled?(operation: PreparedOperation): boolean
  /**
   * What `forgetting` names is asked for again: nothing is given that was asked for before. Throws BAD_USER_INPUT, also when nothing is
   * kept. Undefined: nothing ever is.
   */
  forget?(forgetting: Forgetting): void
  health(): EngineHealth
  /**
   * Resolves when operations can be planned at once, or when waiting for it any longer would be of no use. Never rejects. A door
   * that opens before makes its first requests wait for packages to be loaded.
   */
  ready(): Promise<void>
  /** Lets go of subgraphs and timers. Idempotent. */
  close(): Promise<void>
}
