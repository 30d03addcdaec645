import { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock } from '../../kernel/clock.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { streamGateway, taskEvents } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'
import { hubRig } from './hub-rig.ts'

afterEach(() => vi.restoreAllMocks())

test('a reader without room is asked once, and nothing is read or timed for it until it has room', async () => {
  const work = async (stalled: number) => {
    const { engine, clock, join, publish } = hubRig(true, { eventsMax: 50, bytesMax: 1_000_000 })
    const lively = Array.from({ length: 30 }, () => join())
    const silent = Array.from({ length: stalled }, () => join(undefined, { room: 3 }))
    await publish(10)
    const asked = (some: typeof silent) => some.map(each => vi.spyOn(each, 'hasRoom'))
    const [ofLively, ofSilent] = [asked(lively), asked(silent)]
    // Far more than the ring keeps: what the silent ones lack is gone from memory.
    await publish(200)
    const calls = (spies: typeof ofLively): number =>
      spies.reduce((sum, { mock }) => sum + mock.calls.length, 0)
    expect(lively.every(each => each.seen.length === 210)).toBe(true)
    expect(calls(ofSilent)).toBe(0)
    return {
      asked: calls(ofLively),
      opened: engine.opened,
      answered: engine.answered,
      timers: clock.timers,
    }
  }
  expect(await work(20)).toEqual(await work(0))
})

/** Counts what a gateway asks of its clock. */
function countingClock(): Clock & { readonly count: { after: number; soon: number } } {
  const count = { after: 0, soon: 0 }
  return {
    ...systemClock,
    count,
    after(ms, run) {
      count.after += 1
      return systemClock.after(ms, run)
    },
    soon(run) {
      count.soon += 1
      return systemClock.soon(run)
    },
  }
}

/** Writes to each peer, by its port; those of the clients of this process count for the gateway's. */
function countWrites(): Map<number, number> {
  const counts = new Map<number, number>()
  const write: unknown = Reflect.get(Socket.prototype, 'write')
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...given: unknown[]) {
    counts.set(this.remotePort ?? 0, (counts.get(this.remotePort ?? 0) ?? 0) + 1)
    // The arguments are handed on as they came.
    return Reflect.apply(write as Socket['write'], this, given) as boolean
  })
  return counts
}

test('full sockets that nobody reads cost no write, timer, upstream or fetch for an event, as if they were not there', async () => {
  const clock = countingClock()
  const hourMs = 3_600_000
  const limits = {
    socketBufferedBytesMax: 65_536,
    socketHeartbeatMs: hourMs,
    socketRecheckMs: hourMs,
    requestTimeoutMs: 60_000,
  }
  // What is done by the time and not by events: not during this test.
  await using gateway = await streamGateway({ clock, limits, admission: { gaugeEveryMs: hourMs } })
  const writes = countWrites()
  const ports = new Map<RawSocket, number>()
  const open = async (): Promise<RawSocket> => {
    const client = await rawSocket(gateway.socketUrl, { init: {} })
    client.send(subscribeMessage('1', taskEvents))
    client.send({ type: 'ping' })
    await client.take('pong')
    ports.set(client, localPort(client))
    return client
  }
  const lively = [await open(), await open(), await open()]
  const silent = [await open(), await open()]
  const told = (event: string): number => gateway.lines.filter(line => line.includes(event)).length
  await until('they read', () => told('"stream.joined"') === 5, 20_000)
  const writesTo = (some: readonly RawSocket[]): number =>
    some.reduce((sum, client) => sum + (writes.get(ports.get(client) ?? 0) ?? 0), 0)
  const publish = async (events: number): Promise<void> => {
    for (let event = 0; event < events; event++) {
      gateway.topic.publish('x'.repeat(32_000))
      await until('the others have it', () => lively.every(client => client.messages.length > 0), 20_000)
      for (const client of lively) client.messages.length = 0
    }
  }
  for (const client of silent) client.socket.pause()
  // Buffers of the system are filled first, and they grow.
  let before: number
  do {
    before = writesTo(silent)
    await publish(20)
  } while (writesTo(silent) > before)

  const work = async () => {
    const began = { ...clock.count, fetches: gateway.tasks.requests.length, lively: writesTo(lively) }
    await publish(20)
    return {
      after: clock.count.after - began.after,
      soon: clock.count.soon - began.soon,
      fetches: gateway.tasks.requests.length - began.fetches,
      writes: writesTo(lively) - began.lively,
      upstreams: gateway.topic.readers,
    }
  }
  const beside = await work()
  expect(writesTo(silent)).toBe(before)
  for (const client of silent) client.socket.terminate()
  await until('they are gone', () => told('"socket.closed"') === silent.length)
  expect(beside).toEqual(await work())
  expect(beside).toMatchObject({ fetches: 20, writes: 60, upstreams: 1 })
})

function localPort({ socket }: RawSocket): number {
  // The connection below a WebSocket of `ws`, which its types do not name.
  return (socket as unknown as { _socket: Socket })._socket.localPort ?? 0
}
