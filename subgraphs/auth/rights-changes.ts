import { randomUUID } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import type { DirectoryRecord } from './authority.ts'

/** Actors that were told of lately. */
export interface ChangedActors {
  /** To be sent back for those behind it. */
  readonly place: string
  readonly actorIds: readonly string[]
}

/** Changes that are remembered for those who ask again. Whoever was away for longer finds out by looking. */
const recentMax = 1_000

/** Tells whose rights have changed, or whose session has ended, as soon as that is stored: actors, and not what has changed. */
export class RightsChanges {
  /** A place of another process says nothing here. */
  readonly #life = randomUUID()
  readonly #listeners = new Set<(actorIds: readonly string[]) => void>()
  #recent: string[] = []
  /** Of the next change. */
  #seq = 0
  #closed = false

  /** To be told of all records as they are stored. */
  stored(records: readonly DirectoryRecord[]): void {
    const actorIds = [...new Set(records.flatMap(record => changedActor(record) ?? []))]
    if (actorIds.length === 0) return
    this.#seq += actorIds.length
    this.#recent = [...this.#recent, ...actorIds].slice(-recentMax)
    for (const told of this.#listeners) told(actorIds)
  }

  /** Answers how to stop. */
  listen(told: (actorIds: readonly string[]) => void): () => void {
    this.#listeners.add(told)
    return () => void this.#listeners.delete(told)
  }

  /** Nobody waits any more. */
  close(): void {
    this.#closed = true
    for (const told of this.#listeners) told([])
  }

  /**
   * The actors of changes behind a place, waiting for the first until `signal` aborts. A place that is none: from now on. Rejects
   * with UNAVAILABLE when it is closed.
   */
  async behind(place: string | undefined, signal: AbortSignal): Promise<ChangedActors> {
    if (this.#closed) throw new EnneadError('UNAVAILABLE', 'auth is stopping')
    const seq = this.#seqOf(place)
    if (seq === undefined) return { place: this.#place, actorIds: [] }
    if (seq === this.#seq && !signal.aborted) {
      await new Promise<void>(resolve => {
        const settle = (): void => {
          stop()
          signal.removeEventListener('abort', settle)
          resolve()
        }
        const stop = this.listen(settle)
        signal.addEventListener('abort', settle, { once: true })
      })
    }
    const first = this.#seq - this.#recent.length
    return { place: this.#place, actorIds: this.#recent.slice(Math.max(0, seq - first)) }
  }

  get #place(): string {
    return `${this.#life}:${this.#seq}`
  }

  #seqOf(place: string | undefined): number | undefined {
    const [life, text] = place?.split(':') ?? []
    const seq = Number(text)
    return life === this.#life && Number.isSafeInteger(seq) && seq <= this.#seq ? seq : undefined
  }
}

function changedActor(record: DirectoryRecord): string | undefined {
  const { kind } = record
  if (kind === 'session' || kind === 'apiKey') return record.revokedAt === null ? undefined : record.userId
  if (kind === 'member') return record.userId
  if (kind === 'projectRole') return record.actorId
  return kind === 'serviceAccount' ? record.id : undefined
}
