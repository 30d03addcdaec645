import { setTimeout as pause } from 'node:timers/promises'
import type { LightClient } from './light-client.ts'
import { ageMs, connected, kill, percentile, query, rounded, Server, subscribed, until } from './rig.ts'
import type { ServerName } from './server.ts'
import { stalled } from './stalled.ts'

/**
 * What a subscription costs in the gateway, and in graphql-ws's own server beside it. Clients run in this process, each
 * server in one of its own, whose CPU time is taken. "ws alone" is the floor: what the system and `ws` take by themselves. `--quick`:
 * fewer clients. The last line is one line of JSON.
 */
const quick = process.argv.includes('--quick')
const idleSockets = quick ? 2_000 : 19_500
/** Only these parts, e.g. `--only idle`. */
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined

let received = 0
let latencies: number[] = []
let timed = false

function onNext(client: LightClient, message: string): void {
  received += 1
  const cursor = /"cursor":"(c\d+)"/.exec(message)?.[1]
  client.cursor = cursor ?? client.cursor
  if (!timed) return
  const age = ageMs(message)
  if (age !== undefined) latencies.push(age)
}

/** Publishes, and waits until every client has everything. */
async function delivered(server: Server, clients: number, events: number): Promise<void> {
  received = 0
  server.publish(events)
  await until(() => received >= clients * events)
}

const warmDeliveries = 20_000

/** CPU of the server for each delivery to `count` clients, events one by one and 16 at a time. */
async function fanOut(which: ServerName, count: number, rounds: number) {
  await using server = await Server.start(which)
  const clients = await connected(server, count, onNext)
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

/** How long a server is watched before it has its sockets. Milliseconds. */
const baseMs = 5_000

/**
 * Memory and heartbeats of sockets that are subscribed and quiet. V8's young generation grows to 128 MB on a large machine when
 * many connect at once, and keeps it whatever happens; both servers run with 16.
 */
async function idle(which: ServerName, count: number) {
  await using server = await Server.start(which, ['--max-semi-space-size=16'])
  const warm = await connected(server, 100, onNext)
  for (const client of warm) client.subscribe(query)
  await pause(500)
  const began = await server.usage()
  await pause(baseMs)
  const before = await server.usage()
  const clients = await connected(server, count, onNext)
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
    /** What the process takes by itself: it looks at its own load ten times a second. */
    corePercentBefore: rounded((before.cpuUs - began.cpuUs) / (baseMs * 10), 2),
    upstreams: quiet.upstreams,
  }
}

/**
 * All clients but one lose their connections at once, miss events, and come back: what they missed is in the gateway's memory.
 * Were there none left, each event would be fetched once more. `ws` alone knows no past: it sends as many events when all are back.
 */
async function comeBack(which: 'ours' | 'bare', count: number) {
  const missed = 10
  await using server = await Server.start(which)
  const all = await connected(server, count + 1, onNext)
  await subscribed(server, all)
  const [stays, ...first] = all
  kill(first)
  await pause(1_000)
  const had = stays?.received ?? 0
  if (which === 'ours') {
    server.publish(missed)
    await until(() => (stays?.received ?? 0) >= had + missed)
  }
  const before = await server.usage()
  received = 0
  const startedAt = performance.now()
  const second = await connected(server, count, onNext)
  const connectedMs = performance.now() - startedAt
  for (const [index, client] of second.entries()) client.subscribe(query, { after: first[index]?.cursor })
  if (which === 'bare') {
    while ((await server.usage()).upstreams <= count) await pause(1)
    server.publish(missed)
  }
  await until(() => received >= count * missed)
  const tookMs = performance.now() - startedAt
  const after = await server.usage()
  kill([...all, ...second])
  return {
    clients: count,
    connectedMs: Math.round(connectedMs),
    tookMs: Math.round(tookMs),
    serverCpuMs: Math.round((after.cpuUs - before.cpuUs) / 1000),
    sourcesOpened: after.opened - before.opened,
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
const bareFan = []
for (const size of sizes) {
  const rounds = size >= 10_000 ? 10 : size >= 1_000 ? 50 : 200
  const measured = await told('fan-out', () => fanOut('bare', size, rounds))
  if (measured !== undefined) bareFan.push(measured)
}
const bareIdle = await told('idle', () => idle('bare', idleSockets))
const ourIdle = await told('idle', () => idle('ours', idleSockets))
const peerIdle = await told('idle', () => idle('peer', quick ? 2_000 : 5_000))
const back = await told('come-back', () => comeBack('ours', quick ? 1_000 : 10_000))
const bareBack = await told('come-back', () => comeBack('bare', quick ? 1_000 : 10_000))
const beside = await told('stalled', () => stalled(500, quick ? 100 : 1_500))
const result = {
  fanOut: fan,
  idle: ourIdle,
  comeBack: back,
  stalled: beside,
  bare: { name: 'ws alone', fanOut: bareFan, idle: bareIdle, comeBack: bareBack },
  peer: { name: 'graphql-ws', fanOut: peerFan, idle: peerIdle },
}
console.table([
  ...fan.map(each => ({ server: 'ennead', ...each })),
  ...bareFan.map(each => ({ server: 'ws alone', ...each })),
  { server: 'graphql-ws', ...peerFan },
])
console.log(JSON.stringify(result))
process.exit(0)
