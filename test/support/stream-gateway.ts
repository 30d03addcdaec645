import { GraphQLError } from 'graphql'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import type { GatewayServer } from '../../gateway/http/gateway-server.ts'
import type { GatewayServerOptions } from '../../gateway/http/gateway-options.ts'
import { jsonLog } from '../../kernel/log.ts'
import { federated } from './federated.ts'
import type { RunningSubgraph, SubgraphDefinition } from './federated.ts'
import type { SupergraphSource } from '../../gateway/supergraph/supergraph-source.ts'
import { Topic } from './topic.ts'
import type { TopicEvent } from './topic.ts'

/** A gateway over two subgraphs: `events` has streams with and without cursors, `tasks` what their events are about. */
export interface StreamGateway extends AsyncDisposable {
  readonly server: GatewayServer
  readonly url: string
  readonly socketUrl: string
  /** Events of `taskEvents`, which has cursors `c1`, `c2`, …, and of `ticks`, which has none. */
  readonly topic: Topic
  readonly tasks: RunningSubgraph
  /** Lines of the log. */
  readonly lines: string[]
}

export const taskEvents =
  'subscription ($after: String) { taskEvents(after: $after) { seq text task { title } } }'
export const ticks = 'subscription { ticks { seq task { title } } }'

function cursorSeq(after: string | null | undefined): number | undefined {
  if (after === undefined || after === null) return undefined
  const seq = /^c(\d+)$/.exec(after)?.[1]
  if (seq === undefined) {
    throw new GraphQLError('this cursor was not issued here', { extensions: { code: 'CURSOR_INVALID' } })
  }
  return Number(seq)
}

/** Their definitions, reading from a topic. */
export function streamSubgraphs(topic: Topic): Readonly<Record<'events' | 'tasks', SubgraphDefinition>> {
  const task = ({ seq }: TopicEvent) => ({ __typename: 'Task', id: String(seq % 10) })
  return {
    events: {
      sdl: `
        type Query { eventsName: String }
        type Subscription { taskEvents(after: String): TaskEvent! ticks: Tick! }
        type TaskEvent {
          cursor: String! seq: Int! text: String! task: Task!
          secret: String @requiresScopes(scopes: [["secrets"]])
        }
        type Tick { seq: Int! task: Task! }
        type Task @key(fields: "id") { id: ID! }`,
      resolvers: {
        Subscription: {
          taskEvents: {
            subscribe: (_root: unknown, { after }: { after?: string | null }) => topic.read(cursorSeq(after)),
            resolve: (event: TopicEvent) => event,
          },
          ticks: { subscribe: () => topic.read(undefined), resolve: (event: TopicEvent) => event },
        },
        TaskEvent: { cursor: ({ seq }: TopicEvent) => `c${seq}`, task, secret: () => 'secret' },
        Tick: { task },
      },
    },
    tasks: {
      sdl: 'type Query { hello: String! } type Task @key(fields: "id") { id: ID! title: String! }',
      resolvers: {
        Query: { hello: () => 'Hello' },
        Task: { title: ({ id }: { id: string }) => `Task ${id}` },
      },
    },
  }
}

/** @param graph Another supergraph, and subgraphs that it names beside the two. */
export async function streamGateway(
  options: Partial<GatewayServerOptions> = {},
  graph: {
    readonly supergraph?: SupergraphSource
    readonly more?: (topic: Topic) => Readonly<Record<string, SubgraphDefinition>>
  } = {},
): Promise<StreamGateway> {
  const topic = new Topic()
  const { supergraph, more } = graph
  const definitions = { ...streamSubgraphs(topic), ...more?.(topic) }
  const { engine, subgraph } = federated(definitions, supergraph === undefined ? {} : { supergraph })
  const lines: string[] = []
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log: jsonLog({ level: 'debug', write: line => lines.push(line) }),
    ...options,
  })
  const url = `http://127.0.0.1:${server.address.port}/graphql`
  return {
    server,
    url,
    socketUrl: url.replace('http', 'ws'),
    topic,
    tasks: subgraph('tasks'),
    lines,
    async [Symbol.asyncDispose]() {
      await server.close(0)
      await engine.close()
    },
  }
}
