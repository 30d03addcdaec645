import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { bareServer } from './bare-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { streamGateway } from '../../test/support/stream-gateway.ts'
import { Topic } from '../../test/support/topic.ts'
import type { TopicEvent } from '../../test/support/topic.ts'

/** What the bench asks of a server process. */
export type ServerRequest =
  | { readonly do: 'publish'; readonly events: number; readonly bytes?: number | undefined }
  | { readonly do: 'usage' }

/** CPU since its start in microseconds, memory in bytes as it is, sources open. */
export interface ServerUsage {
  readonly cpuUs: number
  readonly rssBytes: number
  readonly upstreams: number
  /** Sources ever opened: questions to what would be a store. */
  readonly opened: number
  readonly entityFetches: number
}

const many = 100_000
const servers = { ours, peer, bare: bareServer }
/** Which of them a process is. */
export type ServerName = keyof typeof servers
// As rig.ts names it.
const started = await servers[process.argv[2] as ServerName]()
process.send?.({ port: started.port })
process.on('message', (request: ServerRequest) => {
  if (request.do === 'usage') {
    const { user, system } = process.cpuUsage()
    const usage: ServerUsage = {
      cpuUs: user + system,
      rssBytes: process.memoryUsage().rss,
      upstreams: started.topic.readers,
      opened: started.topic.opened,
      entityFetches: started.fetches(),
    }
    process.send?.(usage)
  } else {
    // The time of publication travels in the event: all processes of a machine share this clock.
    const at = process.hrtime.bigint().toString()
    const text = at.padEnd(request.bytes ?? 0, ' ')
    for (let event = 0; event < request.events; event++) started.topic.publish(text)
  }
})

/** The gateway over two subgraphs in its process: titles are fetched as entities. */
async function ours() {
  const gateway = await streamGateway({
    log: silentLog,
    limits: {
      connectionsMax: many,
      socketsMax: many,
      socketsPerAddressMax: many,
      socketInitTimeoutMs: 60_000,
      ...(process.argv.includes('--no-heartbeat') ? { socketHeartbeatMs: 3_600_000 } : {}),
    },
  })
  return {
    port: gateway.server.address.port,
    topic: gateway.topic,
    fetches: () => gateway.tasks.requests.length,
  }
}

/** graphql-ws's own server on one schema that has everything: what a subscription costs without federation or sharing. */
async function peer() {
  const topic = new Topic()
  const schema = buildSchema(`
    type Query { hello: String }
    type Subscription { taskEvents(after: String): TaskEvent! }
    type TaskEvent { cursor: String! seq: Int! text: String! task: Task! }
    type Task { id: ID! title: String! }
  `)
  const field = schema.getSubscriptionType()?.getFields()['taskEvents']
  if (field === undefined) throw new Error('the schema has changed')
  field.subscribe = (_root, { after }: { after?: string }) =>
    topic.read(after === undefined ? undefined : Number(after.slice(1)))
  field.resolve = ({ seq, text }: TopicEvent) => ({
    seq,
    text,
    cursor: `c${seq}`,
    task: { id: seq % 10, title: `Task ${seq % 10}` },
  })
  const http = createServer()
  const server = new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false })
  useServer({ schema, connectionInitWaitTimeout: 60_000 }, server)
  await new Promise<void>(resolve => {
    http.listen(0, '127.0.0.1', resolve)
  })
  // A server that listens on TCP has an AddressInfo.
  return { port: (http.address() as AddressInfo).port, topic, fetches: () => 0 }
}
