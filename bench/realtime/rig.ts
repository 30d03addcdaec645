import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { LightClient } from './light-client.ts'
import type { OnNext } from './light-client.ts'
import type { ServerName, ServerRequest, ServerUsage } from './server.ts'

/** What all clients subscribe to. */
export const query = 'subscription { taskEvents { cursor seq text task { title } } }'

/** A server under measurement, in a process of its own. */
export class Server implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(which: ServerName, execArgv: string[] = [], more: string[] = []): Promise<Server> {
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

/** So many clients, connected some at a time. */
export async function connected(server: Server, count: number, told: OnNext): Promise<LightClient[]> {
  const clients: LightClient[] = []
  for (let done = 0; done < count; done += 200) {
    const some = Array.from({ length: Math.min(200, count - done) }, () => new LightClient(server.port, told))
    await Promise.all(some.map(client => client.ready))
    clients.push(...some)
  }
  return clients
}

/** Subscribes everybody, and makes sure that everybody is. */
export async function subscribed(server: Server, clients: readonly LightClient[]): Promise<void> {
  for (const client of clients) client.subscribe(query)
  while (clients.some(client => client.received === 0)) {
    server.publish(1)
    await pause(500)
  }
}

/** Milliseconds since the event of a message was published; undefined: it does not say when. */
export function ageMs(message: string): number | undefined {
  const at = /"text":"(\d+) *"/.exec(message)?.[1]
  return at === undefined ? undefined : Number(process.hrtime.bigint() - BigInt(at)) / 1e6
}

export async function until(condition: () => boolean, ms = 120_000): Promise<void> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms`)
    await pause(1)
  }
}

/** Cuts them all. */
export const kill = (clients: readonly LightClient[]): void => clients.forEach(client => client.kill())
export const percentile = (values: number[], share: number): number =>
  values.sort((left, right) => left - right)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? 0
export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))
