import { WebSocket, type RawData } from 'ws'
import type { Questions } from './board.ts'
import type { Client } from './client.ts'
import { countCodes, quantile, runLoad, share } from './load.ts'
import type { RunningSystem } from './running-system.ts'

/** All subscribers lose their connections at once and come back at once. */
export interface Reconnection {
  readonly subscribers: number
  /** Events that happened while nobody was connected. */
  readonly events: number
  /** Subscribers that got all of them, each once and in order. */
  readonly complete: number
  /** From the first attempt to connect until a subscriber has everything it missed. Milliseconds. */
  readonly medianMs: number
  readonly lastMs: number
  /** Of requests over HTTP meanwhile. */
  readonly goodShare: number
  readonly p99Ms: number
  /** Failed requests by the code of their first error. */
  readonly codes: Readonly<Record<string, number>>
}

/** The gateway lets 50 sockets of a user and 500 of an address in; this stays below both. */
const users = 8
const socketsPerUser = 40
const missedEvents = 5
const patienceMs = 20_000
const subscription = 'subscription ($after: String) { taskEvents(after: $after) { cursor task { title } } }'

interface Heard {
  readonly cursor: string
  readonly title: string
}

export async function measureReconnection(
  system: RunningSystem,
  client: Client,
  questions: Questions,
  rate: number,
): Promise<Reconnection> {
  const tokens: string[] = []
  for (let user = 0; user < users; user++) {
    const token = await system.member(`subscriber${user}@ennead.example`)
    for (let socket = 0; socket < socketsPerUser; socket++) tokens.push(token)
  }
  const first = tokens.map(token => new Subscriber(system.url, token, undefined))
  await Promise.all(first.map(subscriber => subscriber.subscribed))
  await questions.makeTask('everyone hears this')
  const known = await Promise.all(first.map(subscriber => subscriber.heard(1)))
  for (const subscriber of first) subscriber.break()
  const missed = Array.from({ length: missedEvents }, (_, index) => `missed ${index}`)
  for (const title of missed) await questions.makeTask(title)

  const load = runLoad(client, {
    count: rate * 3,
    rate,
    prefix: 'meanwhile-',
    question: n => questions.board(n),
  })
  const startedAt = performance.now()
  const again = tokens.map((token, index) => new Subscriber(system.url, token, known[index]?.[0]?.cursor))
  const times = await Promise.all(
    again.map(async subscriber => {
      const heard = await subscriber.heard(missedEvents)
      const complete = heard.map(({ title }) => title).join() === missed.join()
      return { complete, tookMs: performance.now() - startedAt }
    }),
  )
  for (const subscriber of again) subscriber.break()
  const samples = await load
  const took = times.map(({ tookMs }) => tookMs)
  return {
    subscribers: tokens.length,
    events: missedEvents,
    complete: times.filter(({ complete }) => complete).length,
    medianMs: quantile(took, 0.5),
    lastMs: quantile(took, 1),
    goodShare: share(samples, ({ good }) => good),
    p99Ms: quantile(
      samples.map(({ tookMs }) => tookMs),
      0.99,
    ),
    codes: countCodes(samples),
  }
}

/** One socket with one subscription, over graphql-transport-ws. */
class Subscriber {
  readonly #socket: WebSocket
  readonly #heard: Heard[] = []
  #look: () => void = () => undefined
  /** The server has taken the subscription in: it has acknowledged the socket and answered a ping behind it. */
  readonly subscribed: Promise<void>

  constructor(url: string, token: string, after: string | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.subscribed = promise
    this.#socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws')
    const send = (message: unknown): void => this.#socket.send(JSON.stringify(message))
    // What a broken socket misses is seen in what was heard.
    this.#socket.on('error', () => this.#look())
    this.#socket.on('open', () =>
      send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }),
    )
    this.#socket.on('message', data => {
      const { type, payload } = JSON.parse(textOf(data)) as Message
      if (type === 'connection_ack') {
        send({ id: '1', type: 'subscribe', payload: { query: subscription, variables: { after } } })
        send({ type: 'ping' })
      } else if (type === 'pong') resolve()
      else if (type === 'ping') send({ type: 'pong' })
      else if (type === 'next') {
        const event = payload?.data?.taskEvents
        this.#heard.push({ cursor: event?.cursor ?? '', title: event?.task?.title ?? '' })
        this.#look()
      }
    })
  }

  /** The first `count` events, or what there is of them when patience ends. */
  heard(count: number): Promise<readonly Heard[]> {
    return new Promise(resolve => {
      const end = (): void => {
        clearTimeout(timer)
        resolve(this.#heard.slice(0, count))
      }
      const timer = setTimeout(end, patienceMs)
      this.#look = () => {
        if (this.#heard.length >= count) end()
      }
      this.#look()
    })
  }

  break(): void {
    this.#socket.terminate()
  }
}

/** A message is one buffer unless the socket was told to hand over fragments. */
function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : ''
}

/** What the server sends (graphql-transport-ws), as far as it is read here. */
interface Message {
  readonly type: string
  readonly payload?: {
    readonly data?: {
      readonly taskEvents?: { readonly cursor?: string; readonly task?: { readonly title?: string } | null }
    }
  }
}
