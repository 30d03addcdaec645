import { type Clock, sleep, systemClock } from '../../kernel/clock.ts'
import { Asker } from './remote.ts'
import type { RemoteAuthOptions } from './remote.ts'
import { authPaths, changesWaitMs } from './routes.ts'

/** What a question has beyond the time that it waits on purpose. Milliseconds. */
const marginMs = 5_000
/** Between two attempts while auth is away; what changes then is found by looking. Milliseconds. */
const restMs = 1_000

/** Is told by the auth subgraph of another process whose rights have changed, as soon as they have. */
export class RemoteRights {
  readonly #asker: Asker
  readonly #clock: Clock
  readonly #closed = new AbortController()

  constructor(options: RemoteAuthOptions, clock: Clock = systemClock) {
    this.#asker = new Asker({ ...options, timeoutMs: changesWaitMs + marginMs })
    this.#clock = clock
  }

  /** Follows until it is closed. */
  follow(told: (actorIds: readonly string[]) => void): void {
    void this.#follow(told)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#asker.close()
  }

  async #follow(told: (actorIds: readonly string[]) => void): Promise<void> {
    const { signal } = this.#closed
    let place: unknown
    while (!signal.aborted) {
      try {
        const answer = await this.#asker.ask(authPaths.rightsChanges, { place }, signal)
        place = answer['place']
        const ids: unknown = answer['actorIds']
        if (Array.isArray(ids) && ids.length > 0) told(ids.map(String))
      } catch {
        // An older auth subgraph has no such route, one that is away none at all: rights are looked at regularly anyway.
        await sleep(this.#clock, restMs, signal).catch(() => undefined)
      }
    }
  }
}
