import { type FileHandle, open } from 'node:fs/promises'
import type { EventLog, LogEntry, LogPage, LogRead } from '../../../events/event-log.ts'
import { cursorExpired } from '../../../events/position.ts'
import { type Clock, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { type AuditEntry, workspaceOf } from './audit-entry.ts'
import { entryIn, isLineStart, readBytesAt } from './read-audit.ts'

/** An entry in the file; its place is the byte behind its line. */
export interface FollowedEntry extends LogEntry {
  readonly entry: AuditEntry
}

/** What a read may leave out. */
export interface AuditNarrow {
  readonly workspaceId: string
}

/** Read at once. An entry has a few hundred bytes. */
const partBytes = 262_144
/** How often the file is looked at while nothing comes. Milliseconds. */
const lookMs = 200
const newline = 0x0a

/**
 * The audit log as a log that can be followed, by whichever process can open the file. Its life is the file's: another file in its place,
 * e.g. one that was put back from a backup, is another log.
 */
export function auditEvents(path: string, clock: Clock): EventLog<FollowedEntry, AuditNarrow> {
  return {
    async read(asked, signal) {
      const file = await open(path, 'r').catch((cause: unknown) => {
        throw new EnneadError('UNAVAILABLE', 'the audit log cannot be read', { cause })
      })
      try {
        return await pageOf(file, asked, clock, signal)
      } finally {
        await file.close()
      }
    },
  }
}

async function pageOf(
  file: FileHandle,
  { after, first, waitMs, narrow }: LogRead<AuditNarrow>,
  clock: Clock,
  signal: AbortSignal,
): Promise<LogPage<FollowedEntry>> {
  const { epoch, size } = await lifeOf(file)
  if (after === undefined) return { entries: [], next: { epoch, seq: await lastLineEnd(file, size) } }
  const { seq: from } = after
  if (after.epoch !== epoch || from > size || !(await isLineStart(file, from))) throw cursorExpired()
  for (const until = clock.now() + waitMs; ;) {
    const part = await readBytesAt(file, from, partBytes)
    const whole = part.subarray(0, part.lastIndexOf(newline) + 1)
    if (whole.length > 0 || clock.now() >= until) return cut(whole, { epoch, from, first, narrow })
    await sleep(clock, lookMs, signal)
  }
}

/** Entries of whole lines; no more than `first`. */
function cut(
  lines: Buffer,
  {
    epoch,
    from,
    first,
    narrow,
  }: {
    readonly epoch: string
    readonly from: number
    readonly first: number
    readonly narrow: AuditNarrow | undefined
  },
): LogPage<FollowedEntry> {
  const entries: FollowedEntry[] = []
  let at = 0
  while (at < lines.length && entries.length < first) {
    const end = lines.indexOf(newline, at)
    const entry = entryIn(lines.subarray(at, end))
    at = end + 1
    if (entry === undefined) continue
    if (narrow === undefined || workspaceOf(entry) === narrow.workspaceId)
      entries.push({ entry, position: { epoch, seq: from + at } })
  }
  return { entries, next: { epoch, seq: from + at } }
}

async function lifeOf(file: FileHandle): Promise<{ readonly epoch: string; readonly size: number }> {
  const { ino, birthtimeNs, size } = await file.stat({ bigint: true })
  return { epoch: `${ino.toString(36)}-${birthtimeNs.toString(36)}`, size: Number(size) }
}

/** Half a line may be on its way to the disk. */
async function lastLineEnd(file: FileHandle, size: number): Promise<number> {
  const from = Math.max(0, size - partBytes)
  return from + (await readBytesAt(file, from, size - from)).lastIndexOf(newline) + 1
}
