import { fields } from '../../condition.ts'
import { type RecordKind, type StoredRecord, isNewer } from '../../record.ts'
import type {
  Commit,
  CommitFacts,
  LogEntry,
  LogHead,
  SeatChange,
  SeatReading,
  SeatState,
} from '../../task-store.ts'
import { columns, columnTypes, rowOf, storable } from './columns.ts'
import { textArray } from './condition-sql.ts'
import type { SqlRow, Statement } from './lane.ts'
import { addressOf } from '../../commit-batch.ts'
import { count, onlyRow, text, textOrNull } from './rows.ts'

export const headStatement: Statement = {
  text: 'select epoch, seq, commit_id from head',
  values: [],
}

export function headOf(rows: readonly SqlRow[]): LogHead {
  const row = onlyRow(rows)
  return { epoch: text(row, 'epoch'), seq: count(row, 'seq'), commitId: text(row, 'commit_id') }
}

/** Reads head, known commits and versions in one statement, so that all are of the same moment. */
export function factsStatement(commits: readonly Commit[]): Statement {
  const keys = new Map(commits.flatMap(commit => commit.expects).map(key => [addressOf(key), key]))
  return {
    text: `select epoch, seq, commit_id,
      (select coalesce(json_agg(json_build_array(l.commit_id, l.seq)), '[]') from log l
        where l.commit_id = any($1::text[])) as commits,
      (select coalesce(json_agg(json_build_array(r.kind, r.id, r.version)), '[]')
        from unnest($2::text[], $3::text[]) as k (kind, id)
        join records r on r.kind = k.kind and r.id = k.id) as versions
      from head`,
    values: [
      textArray(commits.map(commit => commit.id)),
      textArray([...keys.values()].map(key => key.kind)),
      textArray([...keys.values()].map(key => key.id)),
    ],
  }
}

export function factsOf(rows: readonly SqlRow[]): CommitFacts {
  const row = onlyRow(rows)
  // Both columns are built by the statement above in exactly this form.
  const commits = row['commits'] as readonly (readonly [id: string, seq: number])[]
  const versions = row['versions'] as readonly (readonly [kind: RecordKind, id: string, version: number])[]
  const head = headOf(rows)
  return {
    head,
    positions: new Map(commits.map(([id, seq]) => [id, { epoch: head.epoch, seq }])),
    versions: new Map(versions.map(([kind, id, version]) => [addressOf({ kind, id }), version])),
  }
}

export const seatStatement: Statement = {
  text: 'select epoch, seq, commit_id, seat from head',
  values: [],
}

export function seatOf(rows: readonly SqlRow[]): SeatReading {
  const seat = textOrNull(onlyRow(rows), 'seat')
  // Only voteStatement writes it.
  return { state: seat === null ? undefined : (JSON.parse(seat) as SeatState), head: headOf(rows) }
}

const rowColumns: readonly (readonly [name: string, type: string])[] = [
  ['kind', 'text'],
  ['version', 'int'],
  ['body', 'text'],
  ['lowered', 'jsonb'],
  ['expires_at', 'text'],
  ...fields.map(field => [columns[field].name, columnTypes[columns[field].type]] as const),
]

const names = rowColumns.map(([name]) => name).join(', ')
const replaced = rowColumns.flatMap(([name]) =>
  name === 'kind' || name === 'id' ? [] : [`${name} = excluded.${name}`],
)

/**
 * Moves the head from where the batch was decided, and only from there; log and records change only with it. Another
 * writer that moved it first makes this change nothing and answer no row. A server, database or role that does not wait
 * for its disk is made to, for this transaction; stronger settings than `on` are left alone.
 */
const appendText = `with moved as (
    update head set epoch = $1::text, seq = $2::bigint, commit_id = $3::text,
        turn = coalesce($9::bigint, turn), seat = coalesce($10::text, seat)
      where epoch = $4::text and seq = $5::bigint and commit_id = $6::text
        and turn = coalesce($11::bigint, turn) returning seq
  ), entries as (
    insert into log (seq, commit_id, workspace_id, actor_id, at, project_id, task_id, event, puts)
      select seq, commit_id, workspace_id, actor_id, at, project_id, task_id, event, puts
      from jsonb_to_recordset($7::text::jsonb) as e (seq bigint, commit_id text, workspace_id text,
        actor_id text, at text, project_id text, task_id text, event text, puts text)
      where exists (select from moved)
  ), stored as (
    insert into records as r (${names})
      select ${names} from jsonb_to_recordset($8::text::jsonb)
        as p (${rowColumns.map(([name, type]) => `${name} ${type}`).join(', ')})
      where exists (select from moved)
      on conflict (kind, id) do update set ${replaced.join(', ')}
      where case when r.kind = 'receipt' then excluded.expires_at > r.expires_at else excluded.version > r.version end
  )
  select seq, case when current_setting('synchronous_commit') = 'off'
    then set_config('synchronous_commit', 'on', true) end from moved`

/**
 * Appends entries, which must begin right behind `head`, and stores their records where they are newer than what is
 * stored; with a seat, changes that as well, and nothing when the seat has had another turn since.
 */
export function appendStatement(
  head: LogHead,
  entries: readonly LogEntry[],
  seat?: Pick<SeatChange, 'turn' | 'next'>,
): Statement {
  const last = entries.at(-1)
  const next = last === undefined ? head : { ...last.position, commitId: last.commit.id }
  const records = lastOfEach(entries)
  return {
    text: appendText,
    values: [
      next.epoch,
      next.seq,
      next.commitId,
      head.epoch,
      head.seq,
      head.commitId,
      JSON.stringify(entries.map(logRow)),
      JSON.stringify(records.map(rowOf)),
      seat?.next.turn ?? null,
      seat === undefined ? null : JSON.stringify(seat.next),
      seat?.turn ?? null,
    ],
    write: true,
  }
}

/** One record a key, as storing them one after the other would leave it. */
function lastOfEach(entries: readonly LogEntry[]): readonly StoredRecord[] {
  const records = new Map<string, StoredRecord>()
  for (const record of entries.flatMap(entry => entry.commit.puts)) {
    const address = addressOf(record)
    if (isNewer(record, records.get(address))) records.set(address, record)
  }
  return [...records.values()]
}

function logRow({ position, commit }: LogEntry): Readonly<Record<string, unknown>> {
  return {
    seq: position.seq,
    commit_id: storable(commit.id),
    workspace_id: storable(commit.workspaceId),
    actor_id: storable(commit.actorId),
    at: storable(commit.at),
    project_id: commit.event === undefined ? null : storable(commit.event.projectId),
    task_id: commit.event === undefined ? null : storable(commit.event.taskId),
    event: commit.event === undefined ? null : JSON.stringify(commit.event),
    puts: JSON.stringify(commit.puts),
  }
}
