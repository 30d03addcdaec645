import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { CursorCodec } from '../../../events/cursor.ts'
import { Feed } from '../../../events/feed.ts'
import { auditFile } from '../audit/audit-log.ts'
import { type AuditNarrow, type FollowedEntry, auditEvents } from '../audit/follow-audit.ts'
import { ThreatWatch, type ThreatWatchParts } from './threat-watch.ts'

export interface SecurityOptions extends ThreatWatchParts {
  /** The folder of the audit log. */
  readonly path: string
  /** Signs the cursors of security events, 32 bytes or more. Default: those of this process are good for its life. */
  readonly cursorKey: Buffer | undefined
}

/** What is seen of attacks, and those who follow what the audit log has of it. */
export class Security {
  readonly threats: ThreatWatch
  /** Entries of the audit log, as they come. */
  readonly feed: Feed<FollowedEntry, AuditNarrow>
  readonly cursors: CursorCodec

  constructor(options: SecurityOptions) {
    const { path, clock, log, cursorKey = randomBytes(32) } = options
    this.threats = new ThreatWatch(options)
    this.feed = new Feed({ source: auditEvents(join(path, auditFile), clock), clock, log })
    this.cursors = new CursorCodec(cursorKey)
  }

  /** Ends those who follow. Idempotent. */
  close(): void {
    this.threats.close()
    this.feed.close()
  }
}
