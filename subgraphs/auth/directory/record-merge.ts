import type { DirectoryRecord } from '../authority.ts'
import { recordText } from './record-codec.ts'

/**
 * The one record that two copies of it make. Commutative, associative and idempotent, so that stores that exchange
 * what they have end up the same in whatever order they do: the higher version (for sessions: generation) wins, equal
 * ones are told apart by their text, and a revocation is never undone; of two the later one stays, and so does the later
 * time of use.
 */
export function mergeRecords<R extends DirectoryRecord>(left: R, right: R): R {
  const newer = compare(left, right) >= 0 ? left : right
  return withLaterUse(withLaterRevocation(newer, left, right), left, right)
}

function withLaterRevocation<R extends DirectoryRecord>(newer: R, left: R, right: R): R {
  if (!('revokedAt' in left) || !('revokedAt' in right)) return newer
  const revokedAt = laterOf(left.revokedAt, right.revokedAt)
  return 'revokedAt' in newer && newer.revokedAt !== revokedAt ? { ...newer, revokedAt } : newer
}

function withLaterUse<R extends DirectoryRecord>(newer: R, left: R, right: R): R {
  if (newer.kind !== 'apiKey' || left.kind !== 'apiKey' || right.kind !== 'apiKey') return newer
  const lastUsedAt = laterOf(left.lastUsedAt ?? null, right.lastUsedAt ?? null)
  return lastUsedAt === null || newer.lastUsedAt === lastUsedAt ? newer : { ...newer, lastUsedAt }
}

function compare(left: DirectoryRecord, right: DirectoryRecord): number {
  const rank = rankOf(left) - rankOf(right)
  if (rank !== 0) return rank
  // What is merged apart must not decide which copy of the rest wins.
  const [a, b] = [recordText(rest(left)), recordText(rest(right))]
  return a < b ? -1 : a > b ? 1 : 0
}

function rankOf(record: DirectoryRecord): number {
  return record.kind === 'session' ? record.generation : record.version
}

function rest(record: DirectoryRecord): DirectoryRecord {
  if (record.kind === 'apiKey') return { ...record, revokedAt: null, lastUsedAt: '' }
  return 'revokedAt' in record ? { ...record, revokedAt: null } : record
}

function laterOf(left: string | null, right: string | null): string | null {
  if (left === null) return right
  return right === null || left >= right ? left : right
}
