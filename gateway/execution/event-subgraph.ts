import { Kind, parse, valueFromASTUntyped } from 'graphql'
import type { FieldNode } from 'graphql'
import type { CursorCodec } from '../../events/cursor.ts'
import type { SubjectMessage, SubjectRead } from '../../events/jetstream/subject-reader.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { subjectFor } from './event-field.ts'
import type { EventField } from './event-field.ts'
import { messageAnswer } from './message-answer.ts'
import type { Subgraph, SubgraphContext, SubgraphRequest, SubgraphResponse } from './subgraph.ts'
import { isTree } from './tree.ts'

export interface EventSubgraphOptions {
  readonly fields: ReadonlyMap<string, EventField>
  readonly read: (read: SubjectRead, signal: AbortSignal) => AsyncGenerator<SubjectMessage, void>
  /** Gateways that share its key resume each other's subscriptions. */
  readonly cursors: CursorCodec
  readonly log: Log
}

/** A subgraph of which some fields of the subscription type are messages of a broker: for these it is asked nothing. */
export function eventSubgraph(inner: Subgraph, options: EventSubgraphOptions): Subgraph {
  return {
    name: inner.name,
    execute: (request, context) => inner.execute(request, context),
    ...bytesOf(inner),
    subscribe(request, context) {
      const asked = rootOf(request)
      const bound = asked && options.fields.get(asked.name.value)
      if (asked === undefined || bound === undefined) return inner.subscribe(request, context)
      return events(asked, bound, request, context, options)
    },
    close: () => inner.close(),
  }
}

/** Requests as bytes, where the subgraph takes them. */
function bytesOf(inner: Subgraph): Pick<Subgraph, 'exchange'> {
  if (inner.exchange === undefined) return {}
  return {
    exchange(body, context, stop) {
      if (inner.exchange === undefined)
        throw new EnneadError('INTERNAL', `"${inner.name}" takes no bytes any more`)
      return inner.exchange(body, context, stop)
    },
  }
}

/** Ends when the context's signal aborts, also while nothing comes. */
async function* events(
  asked: FieldNode,
  bound: EventField,
  { variables = {} }: SubgraphRequest,
  context: SubgraphContext,
  { read, cursors, log }: EventSubgraphOptions,
): AsyncGenerator<SubgraphResponse, void> {
  const given: Record<string, unknown> = {}
  for (const { name, value } of asked.arguments ?? [])
    given[name.value] = valueFromASTUntyped(value, variables)
  const subject = subjectFor(bound, given, context.principal)
  const scope = `${bound.stream} ${subject}`
  const { after } = given
  const position = typeof after === 'string' ? cursors.decode(after, scope) : undefined
  const { selectionSet } = asked
  const root = (asked.alias ?? asked.name).value
  for await (const message of read({ stream: bound.stream, subject, after: position }, context.signal)) {
    const event = eventIn(message.text)
    if (event === undefined) {
      log.error('events.message-skipped', { stream: bound.stream, subject, sequence: message.position.seq })
      continue
    }
    const told = { ...event, cursor: cursors.encode(message.position, scope) }
    yield {
      data: {
        [root]: selectionSet === undefined ? told : messageAnswer(told, selectionSet.selections, variables),
      },
    }
  }
}

function rootOf({ query }: SubgraphRequest): FieldNode | undefined {
  const { definitions } = parse(query, { noLocation: true })
  const operation = definitions.find(each => each.kind === Kind.OPERATION_DEFINITION)
  const [field] = operation?.selectionSet.selections ?? []
  return field?.kind === Kind.FIELD ? field : undefined
}

/** Undefined: the message is no object in JSON, which nobody can make an event of. */
function eventIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isTree(value) ? value : undefined
  } catch {
    return undefined
  }
}
