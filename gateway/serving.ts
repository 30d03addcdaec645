import { getNamedType, OperationTypeNode, print } from 'graphql'
import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import type { Clock } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import { RequestRefused } from './engine.ts'
import type { GraphQLRequest } from './engine.ts'
import { accessError } from './execution/access-error.ts'
import { EventSource } from './execution/event-source.ts'
import { operationNamed, selectionsOf } from './execution/operation-shape.ts'
import { Prepared } from './execution/prepared.ts'
import type { PlannedOperation } from './execution/prepared.ts'
import type { ResolvedSubgraphs } from './execution/subgraphs.ts'
import { Access } from './operation/access.ts'
import type { Refusals } from './operation/access.ts'
import { complexityOf } from './operation/complexity.ts'
import { CostModel } from './operation/cost.ts'
import type { ResolvedCostOptions } from './operation/cost-options.ts'
import { conditionsOf } from './operation/conditions.ts'
import { decideDefers, labelled, withoutDefers } from './operation/defers.ts'
import type { Defers, LabelledDocument } from './operation/defers.ts'
import type { HotOperation } from './operation/hot-operation.ts'
import type { DocumentRules, ValidDocument } from './operation/document.ts'
import { KnownDocuments } from './operation/known-documents.ts'
import type { DocumentSizes } from './operation/known-documents.ts'
import { refusalOf, refused } from './operation/refusal.ts'
import { selectOperation } from './operation/select-operation.ts'
import { coerceVariables } from './operation/variables.ts'
import type { VariableValues } from './operation/variables.ts'
import type { Viewer } from './operation/viewer.ts'
import { withSafeNames } from './planning/client-names.ts'
import { asksRealFields, joinedValues } from './planning/joined-conditions.ts'
import { mutationsOnce } from './planning/mutations-once.ts'
import { overridesKey } from './planning/overrides.ts'
import type { Overrides } from './planning/overrides.ts'
import { PlanCache } from './planning/plan-cache.ts'
import type { Made, PlanKey } from './planning/plan-cache.ts'
import { planBytes } from './planning/plan-size.ts'
import type { Planner } from './planning/planner.ts'
import type { Supergraph } from './supergraph/supergraph-facts.ts'

/** `entriesMax` is of plans as well. */
export interface CacheSizes extends DocumentSizes {
  /** Bytes of the plans kept at most. */
  readonly planBytesMax: number
}

/** An operation for one kind of viewer. */
interface AskedOperation {
  readonly document: ValidDocument
  readonly operation: OperationDefinitionNode
  readonly text: string
  readonly refusals: Refusals | undefined
  readonly overrides: Overrides | undefined
  readonly defers: Defers | undefined
}

/** One supergraph at work: its planner and everything cached for it. A new supergraph gets a new one. */
export class Serving {
  readonly supergraph: Supergraph
  readonly subgraphs: ResolvedSubgraphs
  readonly #planner: Planner
  readonly #rules: DocumentRules
  readonly #costs: CostModel
  readonly #access: Access
  readonly #documents: KnownDocuments
  readonly #plans: PlanCache<PlannedOperation>
  #preparing = 0
  #idle: (() => void) | undefined

  constructor(
    supergraph: Supergraph,
    subgraphs: ResolvedSubgraphs,
    planner: Planner,
    rules: DocumentRules,
    sizes: CacheSizes,
    costs: ResolvedCostOptions,
    clock: Clock,
  ) {
    this.supergraph = supergraph
    this.subgraphs = subgraphs
    this.#planner = planner
    this.#rules = rules
    this.#costs = new CostModel(supergraph, costs)
    this.#access = new Access(supergraph.apiSchema, supergraph.access)
    const { entriesMax, planBytesMax } = sizes
    this.#documents = new KnownDocuments(supergraph.apiSchema, rules, sizes)
    this.#plans = new PlanCache({ entriesMax, bytesMax: planBytesMax, clock })
  }

  /** Throws RequestRefused. `overrides`: what labels of progressive @override are for this request. */
  async prepare(request: GraphQLRequest, viewer: Viewer, overrides?: Overrides): Promise<Prepared> {
    this.#preparing++
    try {
      return await this.#prepare(request, viewer, overrides)
    } finally {
      this.#preparing--
      if (this.#preparing === 0) this.#idle?.()
    }
  }

  /** The operations asked for most that can be answered, at most `max`, the most frequent first. */
  hottest(max: number): readonly HotOperation[] {
    return this.#plans.hottest(max, planned => !planned.unresolvable)
  }

  /** Plans an operation before anybody asks for it. Resolves with why it cannot be answered, if it cannot. */
  async warm({ text, operationName, uses }: HotOperation): Promise<unknown> {
    try {
      const document = this.#documents.known(text) ?? (await this.#documents.read(text))
      const operation = selectOperation(document, operationName)
      const asked = {
        document,
        operation,
        text,
        refusals: undefined,
        overrides: undefined,
        defers: undefined,
      }
      const planned = await this.#planned(asked)
      if (planned.unresolvable) return refused('QUERY_PLAN_EMPTY', 'no subgraph can resolve it')
      // It was hot on another supergraph; here it has to stay so.
      this.#plans.setUses(this.#planKey(asked), Math.ceil(uses / 2))
      return undefined
    } catch (failure) {
      return failure
    }
  }

  /** Resolves when what is being prepared is, and the planner is closed. What has been prepared can still run. */
  async close(): Promise<void> {
    if (this.#preparing > 0) await new Promise<void>(resolve => (this.#idle = resolve))
    await this.#planner.close()
  }

  async #prepare(
    request: GraphQLRequest,
    viewer: Viewer,
    overrides: Overrides | undefined,
  ): Promise<Prepared> {
    const document = this.#documents.known(request.query) ?? (await this.#documents.read(request.query))
    const operation = selectOperation(document, request.operationName)
    const given = coerceVariables(this.supergraph.apiSchema, operation, request.variables ?? {})
    const cost = this.#costs.check(document, operation, given)
    const refusals = this.#access.refusals(document.node, viewer)
    const defer = this.supergraph.apiSchema.getDirective('defer')
    const defers =
      document.defers && request.incremental === true
        ? decideDefers(document, operation.operation, given, defer)
        : undefined
    const text = request.query
    const planned = await this.#planned({ document, operation, text, refusals, overrides, defers })
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) refuseSilence(planned)
    const fetches = { planned: planned.plan.fetches, limit: this.#rules.limits.fetchesMax }
    const complexity = complexityOf(cost, fetches)
    const variables = variablesOf(planned, given)
    const identity = planned.plan.source && new EventSource(planned, variables).identity
    return new Prepared(planned, variables, { ...cost, complexity }, identity)
  }

  async #planned(asked: AskedOperation): Promise<PlannedOperation> {
    const keep = asked.text.length <= this.#rules.limits.cachedLengthMax
    try {
      return await this.#plans.planned(this.#planKey(asked), () => this.#plan(asked), keep)
    } catch (failure) {
      throw refusalOf(failure)
    }
  }

  #planKey({ operation, text, refusals, overrides, defers }: AskedOperation): PlanKey {
    const taken = overridesKey(this.supergraph.overrideLabels, overrides)
    return {
      text,
      operationName: operation.name?.value,
      variant: `${refusals?.key ?? ''}${taken}${deferKey(defers)}`,
    }
  }

  /** What cannot be planned in parts is planned to be answered at once. */
  async #plan(asked: AskedOperation): Promise<Made<PlannedOperation>> {
    if (deferKey(asked.defers) === '') return this.#planAs(asked)
    try {
      return await this.#planAs(asked)
    } catch (failure) {
      if (!(failure instanceof EnneadError) || failure.code !== 'QUERY_PLAN_FAILED') throw failure
      return this.#planAs({ ...asked, defers: undefined })
    }
  }

  async #planAs({
    document,
    operation,
    text,
    refusals,
    overrides,
    defers,
  }: AskedOperation): Promise<Made<PlannedOperation>> {
    const { apiSchema, reserved } = this.supergraph
    const rootType = apiSchema.getRootType(operation.operation)
    if (!rootType) throw refused('GRAPHQL_VALIDATION_FAILED', `this graph has no ${operation.operation}s`)
    const { node, labels } = deferring(document, defers)
    const safe = withSafeNames(node, text, reserved)
    const name = operation.name?.value
    const visible = refusals === undefined ? safe.node : this.#access.without(safe.node, refusals)
    const asked = mutationsOnce(visible)
    const plan = await this.#planner.plan({
      // Most documents stay as they are.
      text: asked === document.node ? text : print(asked),
      operationName: name,
      overrides,
      ...(labels === undefined ? {} : { defers: true }),
    })
    const { fetchesMax } = this.#rules.limits
    if (plan.fetches > fetchesMax) {
      throw new EnneadError('LIMIT_FETCHES', `the operation needs more than ${fetchesMax} subgraph fetches`, {
        facts: { limit: fetchesMax, fetches: plan.fetches },
      })
    }
    const planned: PlannedOperation = {
      supergraph: this.supergraph,
      subgraphs: this.subgraphs,
      text,
      document: safe.node,
      asked: document.node,
      operation: operationNamed(safe.node, name),
      plan,
      rootType,
      clientName: safe.clientName,
      variableName: safe.variableName,
      selections: selectionsOf(apiSchema, safe.node, name, safe.clientName),
      conditions: conditionsOf(safe.node),
      refusals,
      labels,
      unresolvable: plan.fetches === 0 && asksRealFields(visible, name),
    }
    return { planned, bytes: planBytes(plan) + documentBytes * text.length }
  }
}

function deferKey(defers: Defers | undefined): string {
  return defers === undefined || defers.key === '' ? '' : `defer ${defers.key}`
}

/** The document as it is planned, and the labels of what is deferred in it. */
function deferring(
  document: ValidDocument,
  defers: Defers | undefined,
): { readonly node: DocumentNode; readonly labels: LabelledDocument['labels'] | undefined } {
  if (defers !== undefined && defers.key !== '') return labelled(document, defers)
  return { node: document.defers ? withoutDefers(document.node) : document.node, labels: undefined }
}

/** About what one character of a document comes to when it is parsed. */
const documentBytes = 40

/** A subscription of which nothing can ever come is refused instead of begun. */
function refuseSilence({ plan, unresolvable, refusals, rootType, selections }: PlannedOperation): void {
  if (plan.source !== undefined && !unresolvable) return
  for (const { definition } of refusals === undefined ? [] : selections({}).of(rootType)) {
    if (definition === undefined) continue
    const why = refusals?.ofField(rootType.name, definition.name, getNamedType(definition.type).name)
    if (why === undefined) continue
    const { message, extensions } = accessError(why, refusals?.authenticated === true)
    throw new RequestRefused([{ message, extensions }])
  }
  throw refused('QUERY_PLAN_EMPTY', 'no subgraph can resolve this subscription')
}

/** The client's variables under the names of the plan, and those that the plan has beside them. */
function variablesOf({ plan, variableName }: PlannedOperation, given: VariableValues): VariableValues {
  const renamed = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [variableName(name), value]),
  )
  return { ...renamed, ...joinedValues(plan.joined ?? [], renamed) }
}
