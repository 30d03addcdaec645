import { Kind, parse, print, visit } from 'graphql'
import type {
  ArgumentNode,
  DocumentNode,
  FieldNode,
  OperationDefinitionNode,
  VariableDefinitionNode,
} from 'graphql'
import type { SubscriptionIdentity } from '../engine.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { FetchNode } from '../planning/plan.ts'
import type { ResumableField } from '../supergraph/resumable-fields.ts'
import { requestOf } from './ask-subgraph.ts'
import type { VariableValues } from '../operation/variables.ts'
import type { PlannedOperation } from './prepared.ts'
import type { SubgraphRequest, SubgraphResponse } from './subgraph.ts'
import { isTree } from './tree.ts'

/** What is added to a source's operation to know where its events stand and to begin behind one of them. */
interface ResumableSource {
  readonly live: string
  readonly behind: string
  /** Response name of the event. */
  readonly root: string
  /** Response name of its cursor. */
  readonly cursor: string
  /** The client's own `after`: a variable of the plan, or text. */
  readonly own: { readonly variable: string } | { readonly value: string | undefined }
  /** The variable is used for nothing else. */
  readonly alone: boolean
}

const afterVariable = 'ennead_after'

/** What a subscription's source is asked, so that `after` and the cursors of its events are known to the gateway. */
export class EventSource {
  readonly #planned: PlannedOperation
  readonly #variables: VariableValues
  readonly #node: FetchNode
  readonly #resumable: ResumableSource | undefined

  /** Throws QUERY_PLAN_EMPTY when no subgraph has its events. */
  constructor(planned: PlannedOperation, variables: VariableValues) {
    const { source } = planned.plan
    if (source === undefined) {
      throw new EnneadError('QUERY_PLAN_EMPTY', 'no subgraph can resolve this subscription')
    }
    this.#planned = planned
    this.#variables = variables
    this.#node = source
    this.#resumable = resumableSource(planned, source)
  }

  get identity(): SubscriptionIdentity {
    const own = this.#resumable
    const ignored = own?.alone === true && 'variable' in own.own ? own.own.variable : undefined
    const given = Object.entries(this.#variables)
      .filter(([name]) => name !== ignored)
      .sort(([left], [right]) => (left < right ? -1 : 1))
    const topic = `${JSON.stringify(given)}${this.#planned.operation.name?.value ?? ''}\n${textOf(this.#planned)}`
    return { topic, after: this.#ownAfter(), resumable: own !== undefined }
  }

  /** The subgraph that has the events, and where it was when this was planned. */
  get place(): string {
    const { serviceName } = this.#node
    const url = this.#planned.supergraph.subgraphs.find(({ name }) => name === serviceName)?.url
    return `${serviceName} ${url}`
  }

  /** @param after Cursor of an event; undefined: as the client asked. */
  request(after: string | undefined): SubgraphRequest {
    const begin = after ?? this.#ownAfter()
    const request = requestOf(this.#node, this.#variables)
    const resumable = this.#resumable
    if (resumable === undefined) return request
    const { own, live, behind } = resumable
    const variables = { ...request.variables }
    if (resumable.alone && 'variable' in own) delete variables[own.variable]
    if (begin === undefined) return { ...request, query: live, variables }
    return { ...request, query: behind, variables: { ...variables, [afterVariable]: begin } }
  }

  cursorOf({ data }: SubgraphResponse): string | undefined {
    const resumable = this.#resumable
    if (resumable === undefined || !isTree(data)) return undefined
    const event = data[resumable.root]
    const cursor = isTree(event) ? event[resumable.cursor] : undefined
    return typeof cursor === 'string' ? cursor : undefined
  }

  #ownAfter(): string | undefined {
    const own = this.#resumable?.own
    if (own === undefined) return undefined
    const value = 'variable' in own ? this.#variables[own.variable] : own.value
    return typeof value === 'string' ? value : undefined
  }
}

const texts = new WeakMap<PlannedOperation, string>()

/** One spelling for documents that differ only in spaces and comments. */
function textOf(planned: PlannedOperation): string {
  const known = texts.get(planned) ?? print(planned.asked)
  texts.set(planned, known)
  return known
}

const sources = new WeakMap<PlannedOperation, ResumableSource | 'none'>()

function resumableSource(planned: PlannedOperation, node: FetchNode): ResumableSource | undefined {
  const known = sources.get(planned) ?? rewritten(planned, node) ?? 'none'
  sources.set(planned, known)
  return known === 'none' ? undefined : known
}

function rewritten(
  { supergraph }: PlannedOperation,
  { operation, serviceName }: FetchNode,
): ResumableSource | undefined {
  const document = parse(operation, { noLocation: true })
  const definition = document.definitions.find(each => each.kind === Kind.OPERATION_DEFINITION)
  const [field, ...more] = definition?.selectionSet.selections ?? []
  if (definition === undefined || field?.kind !== Kind.FIELD || more.length > 0) return undefined
  const resumable = supergraph.resumable.get(field.name.value)
  if (resumable === undefined || !resumable.subgraphs.has(serviceName)) return undefined
  const value = argumentOf(field)?.value
  const variable = value?.kind === Kind.VARIABLE ? value.name.value : undefined
  const alone = variable !== undefined && uses(document, variable) === 1
  const cursor = cursorName(field)
  const parts = { document, definition, field, cursor, dropped: alone ? variable : undefined }
  return {
    live: written(parts, undefined),
    behind: written(parts, resumable),
    root: (field.alias ?? field.name).value,
    cursor,
    own:
      variable === undefined
        ? { value: value?.kind === Kind.STRING ? value.value : undefined }
        : { variable },
    alone,
  }
}

function argumentOf({ arguments: given = [] }: FieldNode): ArgumentNode | undefined {
  return given.find(({ name }) => name.value === 'after')
}

/** A response name that the event does not have yet. */
function cursorName({ selectionSet }: FieldNode): string {
  const taken = new Set(
    selectionSet?.selections.map(each => (each.kind === Kind.FIELD ? (each.alias ?? each.name).value : '')),
  )
  let name = 'ennead_cursor'
  while (taken.has(name)) name += '_'
  return name
}

interface SourceParts {
  readonly document: DocumentNode
  readonly definition: OperationDefinitionNode
  readonly field: FieldNode
  readonly cursor: string
  /** A variable that nothing uses any more. */
  readonly dropped: string | undefined
}

/** The operation with a cursor in its events; beginning behind a variable, or with what comes from now on. */
function written(parts: SourceParts, behind: ResumableField | undefined): string {
  const { document, definition, field, cursor, dropped } = parts
  const name = (value: string) => ({ kind: Kind.NAME, value }) as const
  const variable = { kind: Kind.VARIABLE, name: name(afterVariable) } as const
  const others = field.arguments?.filter(each => each !== argumentOf(field)) ?? []
  const selections = field.selectionSet?.selections ?? []
  const asked: FieldNode = {
    ...field,
    arguments:
      behind === undefined
        ? others
        : [...others, { kind: Kind.ARGUMENT, name: name('after'), value: variable }],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...selections, { kind: Kind.FIELD, alias: name(cursor), name: name('cursor') }],
    },
  }
  const kept = (definition.variableDefinitions ?? []).filter(each => each.variable.name.value !== dropped)
  const type = { kind: Kind.NAMED_TYPE, name: name(behind?.argumentType ?? 'String') } as const
  const added: VariableDefinitionNode = { kind: Kind.VARIABLE_DEFINITION, variable, type }
  const operation: OperationDefinitionNode = {
    ...definition,
    variableDefinitions: behind === undefined ? kept : [...kept, added],
    selectionSet: { ...definition.selectionSet, selections: [asked] },
  }
  const definitions = document.definitions.map(each => (each === definition ? operation : each))
  return print({ ...document, definitions })
}

function uses(document: DocumentNode, variable: string): number {
  let count = 0
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void (count += name.value === variable ? 1 : 0),
  })
  return count
}
