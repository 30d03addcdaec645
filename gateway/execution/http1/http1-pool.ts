import type { Clock } from '../../../kernel/clock.ts'
import { Http1Connection } from './http1-connection.ts'
import type { ConnectionOwner, Http1Exchange } from './http1-connection.ts'

/** How long an idle connection is used again when the other side does not say how long it keeps it, milliseconds. */
const keptDefaultMs = 4_000
const keptMaxMs = 600_000
/** The other side may close a connection a little earlier than it said, milliseconds. */
const marginMs = 1_000

/** Connections to one place over HTTP/1.1 without TLS, kept and used again. An exchange that finds none free waits for one. */
export class Http1Pool implements ConnectionOwner {
  readonly #place: { readonly host: string; readonly port: number }
  readonly #connectionsMax: number
  readonly #clock: Clock
  readonly #all = new Set<Http1Connection>()
  /** The one used last is last, so that under less load the others become old and go. */
  readonly #idle: Http1Connection[] = []
  readonly #waiting = new Set<Http1Exchange>()

  constructor({ hostname, port }: URL, connectionsMax: number, clock: Clock) {
    this.#place = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) }
    this.#connectionsMax = connectionsMax
    this.#clock = clock
  }

  send(exchange: Http1Exchange): void {
    const connection = this.#usable()
    if (connection === undefined) this.#waiting.add(exchange)
    else connection.send(exchange)
  }

  /** Gives an exchange up, and its connection with it. It is told nothing more. */
  giveUp(exchange: Http1Exchange): void {
    if (exchange.connection === undefined) this.#waiting.delete(exchange)
    else exchange.connection.giveUp(exchange)
  }

  /** Closes everything; exchanges under way fail. */
  close(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const connection of this.#all) connection.destroy()
    for (const exchange of waiting) exchange.failed(new Error('the way to the subgraph was closed'))
  }

  idle(connection: Http1Connection, keptMs: number | undefined): void {
    const now = this.#clock.now()
    connection.usableUntil = now + Math.min(keptMs ?? keptDefaultMs + marginMs, keptMaxMs) - marginMs
    const [next] = this.#waiting
    if (next !== undefined && connection.usableUntil > now) {
      this.#waiting.delete(next)
      connection.send(next)
      return
    }
    this.#idle.push(connection)
    const [oldest] = this.#idle
    if (oldest !== undefined && oldest.usableUntil <= now) oldest.destroy()
  }

  closed(connection: Http1Connection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    this.send(next)
  }

  #usable(): Http1Connection | undefined {
    const now = this.#clock.now()
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.usableUntil > now) return last
      last.destroy()
    }
    if (this.#all.size >= this.#connectionsMax) return undefined
    const made = new Http1Connection(this.#place, this)
    this.#all.add(made)
    return made
  }
}
