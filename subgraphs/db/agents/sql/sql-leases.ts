import { leaseLost } from '../../leadership/lease-lost.ts'
import type { Fence, LeaseBook } from '../../leadership/lease.ts'
import type { SqlRow, Statement } from './lane.ts'
import type { Lanes } from './lanes.ts'
import { count, text, textOrNull } from './rows.ts'

/** A term that its server forgot in a crash could be given twice. */
const durably = `case when current_setting('synchronous_commit') = 'off'
  then set_config('synchronous_commit', 'on', true) end`

/**
 * A lease that nobody ever held begins with the milliseconds since 1970, so that terms grow even when the table was lost. A lease
 * that would be held for longer than it was taken for is one from before the server's clock was set back.
 */
const acquireText = `insert into leases as l (name, holder, term, length_ms, expires_at)
  values ($1::text, $2::text, floor(extract(epoch from clock_timestamp()) * 1000)::bigint, $3::int,
    clock_timestamp() + $3::int * interval '1 millisecond')
  on conflict (name) do update set holder = excluded.holder, term = l.term + 1, length_ms = excluded.length_ms,
    expires_at = excluded.expires_at
  where l.holder = excluded.holder or l.expires_at <= clock_timestamp()
    or l.expires_at > clock_timestamp() + l.length_ms * interval '1 millisecond'
  returning term, note, ${durably}`

const lookText = `select holder, term, note,
  greatest(0, least(length_ms, ceil(extract(epoch from expires_at - clock_timestamp()) * 1000)))::int as remaining
  from leases where name = $1::text`

const renewText = `update leases set expires_at = clock_timestamp() + $3::int * interval '1 millisecond',
    length_ms = $3::int, note = coalesce($4::text, note)
  where name = $1::text and term = $2::bigint returning ${durably}`

const releaseText = `update leases set expires_at = clock_timestamp(), note = coalesce($3::text, note)
  where name = $1::text and term = $2::bigint returning ${durably}`

/** Leases in the table `leases`, by the server's clock. Operations reject as those of the store do. */
export function leasesOn(lanes: Lanes): LeaseBook {
  return {
    async acquire({ name, holder, lengthMs }, signal) {
      const [mine] = await lanes.read({ text: acquireText, values: [name, holder, lengthMs] }, signal)
      if (mine !== undefined) {
        return { is: 'held', term: count(mine, 'term'), note: textOrNull(mine, 'note') ?? undefined }
      }
      const [theirs] = await lanes.read({ text: lookText, values: [name] }, signal)
      // It may have been given back in between.
      if (theirs === undefined) return { is: 'taken', holder: '', remainingMs: 0 }
      return { is: 'taken', holder: text(theirs, 'holder'), remainingMs: count(theirs, 'remaining') }
    },
    async renew({ name, term }, lengthMs, note, signal) {
      const values = [name, term, lengthMs, note ?? null]
      return (await lanes.read({ text: renewText, values }, signal)).length > 0
    },
    async release({ name, term }, note, signal) {
      await lanes.read({ text: releaseText, values: [name, term, note ?? null] }, signal)
    },
    async look(name, signal) {
      const [row] = await lanes.read({ text: lookText, values: [name] }, signal)
      if (row === undefined) return undefined
      return {
        name,
        term: count(row, 'term'),
        holder: text(row, 'holder'),
        expired: count(row, 'remaining') === 0,
        note: textOrNull(row, 'note') ?? undefined,
      }
    },
  }
}

/** What a statement needs of the lease to take effect, as a condition in it. */
export const stillHeld = 'exists (select from held)'

/**
 * The statement, made so that what has `stillHeld` for a condition takes effect only while the term is the last one: a take-over waits for
 * its lock on the lease. Hand its rows to `requireHeld`.
 */
export function fencedStatement(statement: Statement, { name, term }: Fence): Statement {
  const { values } = statement
  const text = `with held as materialized (select 1 from leases
      where name = $${values.length + 1}::text and term = $${values.length + 2}::bigint for share),
    done as (${statement.text} returning 1)
    select (select count(*) from held) as held, (select count(*) from done) as done`
  return { ...statement, text, values: [...values, name, term] }
}

/** Throws LEASE_LOST when a `fencedStatement` came too late. */
export function requireHeld(fence: Fence, rows: readonly SqlRow[]): void {
  const [row] = rows
  if (row === undefined || count(row, 'held') === 0) throw leaseLost('PostgreSQL', fence)
}
