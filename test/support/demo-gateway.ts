import { buildSchema } from 'graphql'
import type { GraphQLField, GraphQLSchema } from 'graphql'
import type { Engine } from '../../gateway/engine.ts'
import type { SubgraphContext } from '../../gateway/execution/subgraph.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import type { GatewayServer } from '../../gateway/http/gateway-server.ts'
import type { GatewayServerOptions } from '../../gateway/http/gateway-options.ts'
import { sleep, systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { schemaEngine } from './schema-engine.ts'
import { Topic } from './topic.ts'
import type { TopicEvent } from './topic.ts'

const sdl = `
  type Query {
    hello(name: String = "world"): String!
    "The actor's id."
    viewer: String
    "Headers that were forwarded, as JSON."
    headers: String!
    "Answers after so many milliseconds, unless the request is given up."
    slow(ms: Int!): String
    "Never answers and does not listen to signals."
    stuck: String
    "Fails with a secret in its message."
    boom: String
    big(bytes: Int!): String!
  }
  type Mutation {
    add(text: String!): Int!
    slowAdd(ms: Int!): Int!
  }
  type Subscription {
    events(after: Int): Event!
    "Refused with the code given."
    refused(code: String!): Event!
  }
  type Event { seq: Int! text: String! viewer: String }
`

const failingCodes = ['UNAVAILABLE', 'FORBIDDEN'] as const

/** Counts of the slow fields. */
export interface DemoWork {
  started: number
  /** Given up because the signal aborted. */
  abandoned: number
}

/** A gateway with its doors open on a schema of our own, and hands on everything behind it. */
export interface DemoGateway extends AsyncDisposable {
  readonly server: GatewayServer
  readonly url: string
  readonly socketUrl: string
  readonly engine: Engine
  readonly topic: Topic
  /** Lines of the log. */
  readonly lines: string[]
  readonly work: DemoWork
  /** While `armed`, an event with the text `fail:CODE` fails with that code. */
  readonly failures: { armed: boolean }
  /** Calls of the identity authority, by token. */
  readonly asked: string[]
}

export const tokenLifeMs = 60_000

/** `Bearer alice` is a person; `Bearer short` is one for 400 ms; `Bearer down` cannot be checked. */
export async function demoGateway(options: Partial<GatewayServerOptions> = {}): Promise<DemoGateway> {
  const topic = new Topic()
  const lines: string[] = []
  const work: DemoWork = { started: 0, abandoned: 0 }
  const asked: string[] = []
  const failures = { armed: true }
  const engine = schemaEngine(demoSchema(topic, work, failures))
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log: jsonLog({ level: 'debug', write: line => lines.push(line) }),
    identify: token => {
      asked.push(token)
      return identify(token)
    },
    ...options,
  })
  const url = `http://127.0.0.1:${server.address.port}/graphql`
  return {
    server,
    url,
    socketUrl: url.replace('http', 'ws'),
    engine,
    topic,
    lines,
    work,
    failures,
    asked,
    [Symbol.asyncDispose]: () => server.close(0),
  }
}

async function identify(token: string): Promise<ActorPrincipal> {
  await Promise.resolve()
  if (token === 'down') throw new EnneadError('UNAVAILABLE', 'auth is down, its host is 10.0.0.7')
  const lifeMs = token === 'short' ? 400 : tokenLifeMs
  if (token !== 'alice' && token !== 'short') {
    throw new EnneadError('UNAUTHENTICATED', 'signature of kid 17 is wrong')
  }
  return principal(token, (Date.now() + lifeMs) / 1000)
}

export function principal(actorId: string, expiresAt: number): ActorPrincipal {
  return {
    kind: 'actor',
    actorId,
    workspaceId: 'workspace_1',
    role: 'MEMBER',
    scopes: [],
    sessionId: undefined,
    rules: [],
    expiresAt,
    source: 'test',
  }
}

function demoSchema(topic: Topic, work: DemoWork, failures: { armed: boolean }): GraphQLSchema {
  const schema = buildSchema(sdl)
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    work.started += 1
    try {
      await sleep(systemClock, ms, signal)
    } catch (reason) {
      work.abandoned += 1
      throw reason
    }
  }
  let added = 0
  fields(schema, 'Query', {
    hello: ({ name }) => `Hello ${String(name)}`,
    viewer: (_args, context) => actorOf(context),
    headers: (_args, context) => JSON.stringify(context.headers),
    slow: async ({ ms }, { signal }) => {
      await wait(Number(ms), signal)
      return 'done'
    },
    stuck: () => new Promise(() => undefined),
    boom: () => {
      throw new Error('connect postgres://admin:hunter2@db.internal')
    },
    big: ({ bytes }) => 'x'.repeat(Number(bytes)),
  })
  fields(schema, 'Mutation', {
    add: ({ text }) => {
      topic.publish(String(text))
      added += 1
      return added
    },
    slowAdd: async ({ ms }, { signal }) => {
      await wait(Number(ms), signal)
      return 1
    },
  })
  fields(schema, 'Event', { viewer: (_args, context) => actorOf(context) })
  const text = fieldOf(schema, 'Event', 'text')
  text.resolve = event => {
    const failing = failingCodes.find(code => event.text === `fail:${code}` && failures.armed)
    if (failing !== undefined) throw new EnneadError(failing, 'the event could not be completed')
    return event.text
  }
  const { events, refused } = schema.getSubscriptionType()?.getFields() ?? {}
  if (events === undefined || refused === undefined) throw new Error('the demo schema has changed')
  events.subscribe = (_root, { after }: { after?: number }) => topic.read(after)
  events.resolve = event => event
  refused.subscribe = (_root, { code }: { code: 'CURSOR_EXPIRED' | 'UNAVAILABLE' }) => {
    throw new EnneadError(code, `refused with ${code}`)
  }
  return schema
}

type Resolver = (args: Readonly<Record<string, unknown>>, context: SubgraphContext) => unknown

function fields(schema: GraphQLSchema, type: string, resolvers: Readonly<Record<string, Resolver>>): void {
  for (const [name, resolver] of Object.entries(resolvers)) {
    fieldOf(schema, type, name).resolve = (_root, args, context) => resolver(args, context)
  }
}

function fieldOf(
  schema: GraphQLSchema,
  type: string,
  name: string,
): GraphQLField<TopicEvent, SubgraphContext, Record<string, unknown>> {
  const object = schema.getType(type)
  const field = object !== undefined && 'getFields' in object ? object.getFields()[name] : undefined
  if (field === undefined || !('args' in field)) throw new Error(`no field ${type}.${name}`)
  return field
}

function actorOf({ principal }: SubgraphContext): string | null {
  return principal?.kind === 'actor' ? principal.actorId : null
}
