import { setTimeout as pause } from 'node:timers/promises'
import type { LightClient } from './light-client.ts'
import { ageMs, connected, kill, percentile, rounded, Server, subscribed, until } from './rig.ts'

const silentCount = 20
/** Of the events that fill sockets; those that are timed are small, so that they and not copies of memory are timed. */
const fillEventBytes = 32_768
/** More than the system and we hold for a reader that reads nothing: buffers of both sides of the loopback, and our own. */
const fillBytes = 6 * 1_048_576
/** Two such servers in one process that reads for both must leave the machine some rest. */
const restMs = 5

/** A server and clients that note how old each event is when it comes. */
class Watched {
  readonly server: Server
  readonly lively: readonly LightClient[]
  readonly silent: readonly LightClient[]
  readonly #ages: number[]

  private constructor(server: Server, clients: readonly LightClient[], ages: number[]) {
    this.server = server
    this.silent = clients.slice(0, silentCount)
    this.lively = clients.slice(silentCount)
    this.#ages = ages
  }

  static async start(count: number): Promise<Watched> {
    // Who reads nothing answers no ping either, and would be cut off before it is measured.
    const server = await Server.start('ours', [], ['--no-heartbeat'])
    const ages: number[] = []
    const clients = await connected(server, count + silentCount, (_client, message) => {
      const age = ageMs(message)
      if (age !== undefined) ages.push(age)
    })
    await subscribed(server, clients)
    return new Watched(server, clients, ages)
  }

  /** Publishes, and waits until all lively clients have everything. */
  async publish(events: number, bytes?: number): Promise<void> {
    const before = this.#received()
    this.server.publish(events, bytes)
    await until(() => this.#received() >= before + this.lively.length * events)
  }

  /** Ages since the last call. */
  ages(): number[] {
    return this.#ages.splice(0)
  }

  #received(): number {
    return this.lively.reduce((sum, client) => sum + client.received, 0)
  }
}

/**
 * What 20 clients that read nothing do to the latency of others. Two servers take turns, event by event, so that whatever else the
 * machine does meets both: one has such clients, the other has none. Before that neither has, which shows how far two equal
 * servers differ here.
 */
export async function stalled(count: number, rounds: number) {
  const [with20, without] = [await Watched.start(count), await Watched.start(count)]
  const turns = async (rounds: number) => {
    const usage = async () =>
      [await with20.server.usage(), await without.server.usage()].map(each => each.cpuUs)
    const before = await usage()
    for (const each of [with20, without]) each.ages()
    for (let round = 0; round < rounds; round++) {
      for (const each of round % 2 === 0 ? [with20, without] : [without, with20]) {
        await each.publish(1)
        await pause(restMs)
      }
    }
    const after = await usage()
    const cpuUs = after.map((used, index) => (used - (before[index] ?? 0)) / (rounds * count))
    const [left, right] = [with20.ages(), without.ages()]
    const at = (share: number) => [left, right].map(ages => rounded(percentile(ages, share), 2))
    return {
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      p99Ratio: rounded(percentile(left, 0.99) / percentile(right, 0.99), 3),
      cpuUs: cpuUs.map(used => rounded(used, 2)),
    }
  }
  await turns(Math.ceil(rounds / 3))
  const equal = await turns(rounds)
  // Both have as many to serve from now on.
  kill(without.silent)
  for (const client of with20.silent) client.stall()
  for (let bytes = 0; bytes < fillBytes; bytes += 8 * fillEventBytes) await with20.publish(8, fillEventBytes)
  const beside = await turns(rounds)
  for (const { lively, silent, server } of [with20, without]) {
    kill([...lively, ...silent])
    await server[Symbol.asyncDispose]()
  }
  return { clients: count, columns: [`with ${silentCount} stalled`, 'without'], equal, beside }
}
