import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError, unreachable } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { networkOf } from '../../../kernel/network-of.ts'
import type { CountedSighting } from '../../../kernel/sightings/sighting.ts'
import { readApiKey } from '../api-keys/key-text.ts'
import { type AuditOrigin, accountOf } from '../audit/audit-entry.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SessionRecord } from '../authority.ts'
import type { Directories } from '../directory/directories.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import { EntryAllowance } from './entry-allowance.ts'
import type { ThreatKind } from './threat.ts'
import { ThreatCounters } from './threat-counters.ts'

export interface ThreatWatchParts {
  readonly directories: Pick<Directories, 'best'>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly log: Log
}

/** Whom an entry is about. */
interface ThreatPlace {
  readonly workspaceId?: string | undefined
  readonly userId?: string | undefined
  readonly sessionId?: string | undefined
  readonly keyId?: string | undefined
  readonly account?: string | undefined
  readonly subgraph?: string | undefined
}

/** Of one threat: somebody may be a member of many workspaces. */
const placesMax = 10

/** Since the process began. */
export interface ThreatCounts {
  /** Entries by threat. */
  readonly told: ReadonlyMap<ThreatKind, number>
  /** Entries that were one too many in a minute. */
  readonly unwritten: number
}

/**
 * Counts what is seen, here and by gateways and other subgraphs, and writes into the audit log what it comes to, where somebody is
 * concerned into theirs. Never in the way of an answer: what there is to look up is looked up behind it.
 */
export class ThreatWatch {
  readonly #parts: ThreatWatchParts
  readonly #counters: ThreatCounters
  readonly #allowance: EntryAllowance
  readonly #told = new Map<ThreatKind, number>()
  #unwritten = 0
  #closed = false

  constructor(parts: ThreatWatchParts) {
    this.#parts = parts
    this.#counters = new ThreatCounters(parts.clock)
    this.#allowance = new EntryAllowance(parts.clock)
  }

  get counts(): ThreatCounts {
    return { told: this.#told, unwritten: this.#unwritten }
  }

  /** A password was wrong, or no more was allowed. `email` as in `normalEmail`; it need not be anybody's. */
  passwordRefused(email: string, origin: AuditOrigin): void {
    const account = accountOf(email)
    this.#note('PASSWORD_GUESSING', account, origin, store => {
      const user = store.userByEmail(email)
      const members = user === undefined ? [] : store.membershipsOf(user.id).slice(0, placesMax)
      const about = members.map(({ userId, workspaceId }) => ({ account, userId, workspaceId }))
      return about.length > 0 ? about : [{ account }]
    })
    if (origin.address !== undefined) this.#note('PASSWORD_SPRAYING', networkOf(origin.address), origin)
  }

  /** A refresh token was used twice. */
  refreshReplayed({ id, userId, workspaceId }: SessionRecord, origin: AuditOrigin): void {
    this.#note('REFRESH_TOKEN_REUSED', id, origin, () => [{ workspaceId, userId, sessionId: id }])
  }

  /** The same answer, and noted when it refuses an API key. Of what never was one only the address is known, which the gateway counts. */
  async ofKey<T>(credential: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (failure) {
      if (failure instanceof EnneadError && failure.code === 'UNAUTHENTICATED') this.#keyRefused(credential)
      throw failure
    }
  }

  #keyRefused(credential: string): void {
    const keyId = readApiKey(credential)?.id
    if (keyId === undefined) return
    this.#soon(() => {
      const key = this.#parts.directories.best().get('apiKey', keyId)
      if (key === undefined) return
      const { userId, workspaceId } = key
      this.#note('KEY_REFUSED', keyId, {}, () => [{ workspaceId, userId, keyId }])
    })
  }

  /** What others have seen. */
  sighted(batch: readonly CountedSighting[]): void {
    for (const { kind, count, address, actorId: userId, workspaceId, keyId, subgraph } of batch) {
      const origin = { address }
      const who = keyId ?? userId
      switch (kind) {
        case 'hopRefused':
          this.#note('HOP_REFUSED', `${subgraph} ${address}`, origin, () => [{ subgraph }], count)
          break
        case 'credentialRefused':
          this.#note('CREDENTIALS_REFUSED', networkOf(address), origin, undefined, count)
          break
        case 'forbidden':
          // Who has not signed in is told to, and nothing more.
          if (who === undefined) break
          this.#note('ACCESS_REFUSED', who, origin, () => [{ workspaceId, userId, keyId }], count)
          break
        case 'rateLimited':
          this.#note(
            'RATE_EXCEEDED',
            who ?? networkOf(address),
            origin,
            () => [{ workspaceId, userId, keyId }],
            count,
          )
          break
        default:
          unreachable(kind)
      }
    }
  }

  /** Nothing is written from now on. */
  close(): void {
    this.#closed = true
  }

  #note(
    threat: ThreatKind,
    subject: string,
    { address, userAgent }: AuditOrigin,
    places: (store: DirectoryStore) => readonly ThreatPlace[] = () => [{}],
    count = 1,
  ): void {
    const seen = this.#counters.note(threat, subject, count)
    if (seen === undefined) return
    const { log, directories } = this.#parts
    log.warn('auth.threat', { threat, count: seen, address })
    this.#soon(() => {
      for (const place of places(directories.best()).slice(0, placesMax))
        this.#write(threat, seen, place, { address, userAgent })
    })
  }

  #write(threat: ThreatKind, count: number, place: ThreatPlace, origin: AuditOrigin): void {
    if (!this.#allowance.take(place.workspaceId)) {
      this.#unwritten += 1
      return
    }
    this.#told.set(threat, (this.#told.get(threat) ?? 0) + 1)
    const about = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined))
    void this.#parts.audit.append({ kind: 'THREAT_DETECTED', threat, count, ...about }, origin)
  }

  #soon(run: () => void): void {
    const { clock, log } = this.#parts
    clock.soon(() => {
      if (this.#closed) return
      try {
        run()
      } catch (failure) {
        // The directory cannot be read just now; health says so.
        log.warn('auth.threat.untold', { failure })
      }
    })
  }
}
