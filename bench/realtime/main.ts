import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { LightClient } from './light-client.ts'
import type { ServerRequest, ServerUsage } from './server.ts'

/**
 * What a subscription costs in the gateway, and in graphql-ws's own server beside it. Clients run in this process, each
 * server in one of its own, whose CPU time is taken. `--quick`: fewer clients. The last line is one line of JSON.
 */
const quick = process.argv.includes('--quick')
const query = 'subscription { taskEvents { cursor seq text task { title } } }'
const idleSockets = quick ? 2_000 : 19_500
/** Only these parts, e.g. `--only idle`. */
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined

class Server implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(which: 'ours' | 'peer', execArgv: string[] = [], more: string[] = []): Promise<Server> {
    const child = fork(join(import.meta.dirname, 'server.ts'), [which, ...more], { execArgv })
    // The first thing that server.ts says.
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return new Server(child, port)
  }

  async usage(): Promise<ServerUsage> {
    this.#ask({ do: 'usage' })
    // server.ts answers nothing else.
    const [usage] = (await once(this.#child, 'message')) as [ServerUsage]
    return usage
  }

  /** @param bytes Of each event's text, at least. */
  publish(events: number, bytes?: number): void {
    this.#ask({ do: 'publish', events, bytes })
  }

  #ask(request: ServerRequest): void {
    this.#child.send(request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

let received = 0
let latencies: number[] = []
let timed = false

function onNext(client: LightClient, message: string): void {
  received += 1
  const cursor = /"cursor":"(c\d+)"/.exec(message)?.[1]
  client.cursor = cursor ?? client.cursor
  if (!timed) return
  const at = /"text":"(\d+) *"/.exec(message)?.[1]
  if (at !== undefined) latencies.push(Number(process.hrtime.bigint() - BigInt(at)) / 1e6)
}

async function connected(server: Server, count: number): Promise<LightClient[]> {
  const clients: LightClient[] = []
  for (let done = 0; done < count; done += 200) {
    const some = Array.from(
      { length: Math.min(200, count - done) },
      () => new LightClient(server.port, onNext),
    )
    await Promise.all(some.map(client => client.ready))
    clients.push(...some)
  }
  return clients
}

/** Subscribes everybody, and makes sure that everybody is. */
async function subscribed(server: Server, clients: readonly LightClient[]): Promise<void> {
  for (const client of clients) client.subscribe(query)
  while (clients.some(client => client.received === 0)) {
    server.publish(1)
    await pause(500)
  }
}

/** Publishes, and waits until every client has everything. */
async function delivered(server: Server, clients: number, events: number): Promise<void> {
  received = 0
  server.publish(events)
  await until(() => received >= clients * events)
}

async function until(condition: () => boolean, ms = 120_000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms; received ${received}`)
    await pause(1)
  }
}

const kill = (clients: readonly LightClient[]): void => clients.forEach(client => client.kill())
const percentile = (values: number[], share: number): number =>
  values.sort((left, right) => left - right)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? 0
const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))

const warmDeliveries = 20_000

/** CPU of the server for each delivery to `count` clients, events one by one and 16 at a time. */
async function fanOut(which: 'ours' | 'peer', count: number, rounds: number) {
  await using server = await Server.start(which)
  const clients = await connected(server, count)
  await subscribed(server, clients)
  // A process that has served for a while is what is measured: its code is compiled by then.
  await single(server, count, Math.ceil(warmDeliveries / count))
  const cost = async (events: number, times: number): Promise<number> => {
    const before = await server.usage()
    for (let time = 0; time < times; time++) await delivered(server, count, events)
    const after = await server.usage()
    return (after.cpuUs - before.cpuUs) / (count * events * times)
  }
  const one = await single(server, count, rounds)
  const sixteen = await cost(16, Math.max(4, Math.floor(rounds / 4)))
  const { upstreams, entityFetches } = await server.usage()
  kill(clients)
  return {
    clients: count,
    cpuUsOne: rounded(one.cpuUs),
    cpuUsOf16: rounded(sixteen, 2),
    p99Ms: rounded(one.p99Ms),
    upstreams,
    entityFetches,
  }
}

async function single(
  server: Server,
  count: number,
  rounds: number,
): Promise<{ cpuUs: number; p99Ms: number }> {
  latencies = []
  timed = true
  const before = await server.usage()
  for (let round = 0; round < rounds; round++) {
    received = 0
    server.publish(1)
    await until(() => received >= count)
    await pause(5)
  }
  timed = false
  const after = await server.usage()
  return { cpuUs: (after.cpuUs - before.cpuUs) / (count * rounds), p99Ms: percentile(latencies, 0.99) }
}

/**
 * Memory and heartbeats of sockets that are subscribed and quiet. V8's young generation grows to 128 MB on a large machine when
 * many connect at once, and keeps it whatever happens; both servers run with 16.
 */
async function idle(which: 'ours' | 'peer', count: number) {
  await using server = await Server.start(which, ['--max-semi-space-size=16'])
  const warm = await connected(server, 100)
  for (const client of warm) client.subscribe(query)
  await pause(500)
  const before = await server.usage()
  const clients = await connected(server, count)
  for (const client of clients) client.subscribe(query)
  const heartbeatMs = quick ? 10_000 : 30_000
  await pause(heartbeatMs / 2)
  const quiet = await server.usage()
  await pause(heartbeatMs)
  const after = await server.usage()
  kill([...warm, ...clients])
  return {
    sockets: count,
    rssKb: rounded((after.rssBytes - before.rssBytes) / 1024 / count),
    corePercent: rounded((after.cpuUs - quiet.cpuUs) / (heartbeatMs * 10), 2),
    upstreams: quiet.upstreams,
  }
}

/** More than the system and we hold for a reader that reads nothing: buffers of both sides of the loopback, and our own. */
const stalledBytes = 16 * 1_048_576

/** What 20 clients that read nothing do to the latency of others: without them, beside them, and when they are gone. */
async function stalled(count: number, rounds: number) {
  // Who reads nothing answers no ping either, and would be cut off before it is measured.
  await using server = await Server.start('ours', [], ['--no-heartbeat'])
  const clients = await connected(server, count + 20)
  await subscribed(server, clients)
  const [silent, lively] = [clients.slice(0, 20), clients.slice(20)]
  const all = (some: readonly LightClient[]): number => some.reduce((sum, client) => sum + client.received, 0)
  const published = async (some: readonly LightClient[], events: number): Promise<void> => {
    const before = all(some)
    server.publish(events, 8_192)
    await until(() => all(some) >= before + some.length * events)
  }
  const timedRounds = async (): Promise<{ p50Ms: number; p99Ms: number }> => {
    latencies = []
    timed = true
    for (let round = 0; round < rounds; round++) {
      await published(lively, 1)
      await pause(2)
    }
    timed = false
    return { p50Ms: rounded(percentile(latencies, 0.5), 2), p99Ms: rounded(percentile(latencies, 0.99), 2) }
  }
  await timedRounds()
  const without = await timedRounds()
  for (const client of silent) client.stall()
  const filling = await timedRounds()
  for (let bytes = 0; bytes < stalledBytes; bytes += 32 * 8_192) await published(lively, 32)
  const beside = await timedRounds()
  kill(silent)
  const again = await timedRounds()
  kill(clients)
  return { clients: count, without, filling, beside, again }
}

/**
 * All clients but one lose their connections at once, miss events, and come back: what they missed is in the gateway's memory.
 * Were there none left, each event would be fetched once more.
 */
async function comeBack(count: number) {
  await using server = await Server.start('ours')
  const all = await connected(server, count + 1)
  await subscribed(server, all)
  const first = all.slice(1)
  kill(first)
  await pause(1_000)
  server.publish(10)
  await pause(500)
  const before = await server.usage()
  received = 0
  const startedAt = performance.now()
  const second = await connected(server, count)
  for (const [index, client] of second.entries()) client.subscribe(query, { after: first[index]?.cursor })
  await until(() => received >= count * 10)
  const tookMs = performance.now() - startedAt
  const after = await server.usage()
  kill([...all, ...second])
  return {
    clients: count,
    tookMs: Math.round(tookMs),
    serverCpuMs: Math.round((after.cpuUs - before.cpuUs) / 1000),
    entityFetches: after.entityFetches - before.entityFetches,
  }
}

const wanted = (part: string): boolean => only === undefined || only === part
const told = async <T>(part: string, measure: () => Promise<T>): Promise<T | undefined> => {
  if (!wanted(part)) return undefined
  console.error(part)
  return measure()
}

const sizes = quick ? [100, 1_000] : [100, 1_000, 10_000]
const fan = []
for (const size of sizes) {
  const measured = await told('fan-out', () =>
    fanOut('ours', size, size >= 10_000 ? 10 : size >= 1_000 ? 50 : 200),
  )
  if (measured !== undefined) fan.push(measured)
}
const peerFan = await told('fan-out', () => fanOut('peer', 1_000, 20))
const ourIdle = await told('idle', () => idle('ours', idleSockets))
const peerIdle = await told('idle', () => idle('peer', quick ? 2_000 : 5_000))
const back = await told('come-back', () => comeBack(quick ? 1_000 : 10_000))
const beside = await told('stalled', () => stalled(500, quick ? 100 : 300))
const result = {
  fanOut: fan,
  idle: ourIdle,
  comeBack: back,
  stalled: beside,
  peer: { name: 'graphql-ws', fanOut: peerFan, idle: peerIdle },
}
console.table([...fan.map(each => ({ server: 'ennead', ...each })), { server: 'graphql-ws', ...peerFan }])
console.log(JSON.stringify(result))
process.exit(0)
