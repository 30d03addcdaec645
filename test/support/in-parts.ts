import type {
  Engine,
  GraphQLAnswer,
  GraphQLRequest,
  IncrementalAnswer,
  IncrementalPart,
} from '../../gateway/engine.ts'
import { RequestRefused } from '../../gateway/engine.ts'
import type { SubgraphContext } from '../../gateway/execution/subgraph.ts'
import { contextForTest } from './federated.ts'

/** All messages of an answer in parts, as a client sees them. A refusal is one of them. */
export async function inParts(
  engine: Engine,
  request: GraphQLRequest,
  context: Partial<SubgraphContext> = {},
): Promise<readonly IncrementalAnswer[]> {
  try {
    const operation = await engine.prepare({ ...request, incremental: true }, context.principal)
    if (operation.incremental !== true) {
      return [{ ...plain(await engine.execute(operation, contextForTest(context))), hasNext: false }]
    }
    const messages: IncrementalAnswer[] = []
    for await (const message of engine.executeIncrementally(operation, contextForTest(context), 10_000)) {
      messages.push(plain(message))
    }
    return messages
  } catch (failure) {
    if (failure instanceof RequestRefused) return [{ errors: failure.errors, hasNext: false }]
    throw failure
  }
}

/** Every part of an answer, whatever message it came with. */
export function partsOf(messages: readonly IncrementalAnswer[]): readonly IncrementalPart[] {
  return messages.flatMap(({ incremental = [] }) => incremental)
}

/** What a client has when all parts are there. */
export function whole(messages: readonly IncrementalAnswer[]): GraphQLAnswer {
  const data: unknown = structuredClone(messages[0]?.data)
  const errors = messages.flatMap(message => message.errors ?? [])
  for (const { path, data: part, errors: more = [] } of partsOf(messages)) {
    errors.push(...more)
    let at = data as Record<string | number, unknown>
    for (const step of path) at = at[step] as Record<string | number, unknown>
    if (part) merge(at, part)
  }
  return {
    data: data as Readonly<Record<string, unknown>> | null,
    ...(errors.length === 0 ? {} : { errors }),
  }
}

function merge(into: Record<string, unknown>, more: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(more)) into[key] = merged(into[key], value)
}

function merged(known: unknown, value: unknown): unknown {
  if (Array.isArray(known) && Array.isArray(value)) {
    return known.map((item: unknown, index) => merged(item, value[index]))
  }
  if (!isObject(known) || !isObject(value)) return value
  merge(known, value)
  return known
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function plain<T>(message: T): T {
  // What JSON makes of a message has its shape.
  return JSON.parse(JSON.stringify(message)) as T
}
