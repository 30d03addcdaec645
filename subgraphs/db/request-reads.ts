import type { Clock } from '../../kernel/clock.ts'
import { type Consistency, type SessionPlace, placeIn, sessionToken } from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import type { ChangeFeed } from './change-feed.ts'
import { type RecordSource, currentOnly } from './reads.ts'

/** What a request reads from, as consistent as it asked to be. */
export interface RequestReads {
  readonly source: RecordSource
  /**
   * Resolves when this process knows of all that the request must see. Rejects with UNAVAILABLE when no majority of the
   * stores can be asked, with CURSOR_EXPIRED for a session of another life of the data.
   */
  readonly ready: () => Promise<void>
  /**
   * The session's token after what has been read and written; undefined: the request belongs to no session. Takes at most
   * `sessionMs`: the token of a process that cannot ask a majority is open.
   */
  readonly session: () => Promise<string | undefined>
}

/** What requests read with. */
export interface ReadDomain {
  readonly reads: RecordSource
  readonly atHand: RecordSource
  readonly current: Parameters<typeof currentOnly>[0]
  readonly changes: Pick<ChangeFeed, 'position'>
  readonly clock: Clock
  /** The longest an answer waits for the end of its session's token. Milliseconds. */
  readonly sessionMs: number
  learn(): Promise<void>
}

/** The name of this subgraph in tokens. */
const sessionSubgraph = 'db'

/** Without a wish: what this process knows to be current, and where that cannot be read the last known, marked. */
export function requestReads(
  domain: ReadDomain,
  hop: Pick<Hop, 'consistency' | 'remainingMs'>,
): RequestReads {
  const { consistency } = hop
  const none = { ready: async () => undefined, session: async () => undefined }
  if (consistency === undefined) return { ...none, source: domain.reads }
  if (consistency.level === 'any') {
    return { ...none, source: domain.atHand }
  }
  let known: Promise<void> | undefined = undefined
  const ready = (): Promise<void> => (known ??= learnEnough(domain, consistency))
  const current = currentOnly(domain.current)
  const source: RecordSource = {
    async call(operation, input, options) {
      await ready()
      return current.call(operation, input, options)
    },
  }
  if (consistency.level === 'strong') return { ...none, source, ready }
  return {
    source,
    ready,
    async session() {
      // A store may have shown more than this process knew of: the token must stand for that, too.
      const open = !(await learnsWithin(domain, Math.min(domain.sessionMs, hop.remainingMs / 2)))
      return sessionToken(sessionSubgraph, { ...domain.changes.position, open })
    },
  }
}

async function learnEnough(domain: ReadDomain, consistency: Consistency): Promise<void> {
  if (consistency.level !== 'session') return domain.learn()
  const place = placeIn(consistency.session, sessionSubgraph)
  if (place === undefined) return undefined
  if (place.open || place.seq > domain.changes.position.seq) await domain.learn()
  const { epoch, seq } = domain.changes.position
  if (isWithin(place, { epoch, seq })) return undefined
  const message = 'this session is of another life of the data; begin a new one, without its token'
  throw new EnneadError('CURSOR_EXPIRED', message, {
    facts: { head: `${epoch}:${seq}` },
  })
}

function isWithin(place: SessionPlace, head: { readonly epoch: string; readonly seq: number }): boolean {
  return place.seq === 0 || (place.epoch === head.epoch && place.seq <= head.seq)
}

function learnsWithin(domain: ReadDomain, ms: number): Promise<boolean> {
  return new Promise(resolve => {
    const timer = domain.clock.after(ms, () => resolve(false))
    const end = (learned: boolean): void => {
      timer.cancel()
      resolve(learned)
    }
    domain.learn().then(
      () => end(true),
      () => end(false),
    )
  })
}
