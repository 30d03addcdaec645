import { fields } from '../../condition.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { Commit, LogEntry, Position, RecordKey } from '../../task-store.ts'
import { columns, columnTypes, rowOf, storable } from './columns.ts'
import { textArray } from './condition-sql.ts'
import type { SqlRow, Statement } from './lane.ts'
import { count, onlyRow, text } from './rows.ts'

/** The head as the store keeps it. */
export interface Head extends Position {
  readonly commitId: string
}

/** What a batch of commits is decided by, as of one moment. */
export interface Facts {
  readonly head: Head
  readonly seqs: ReadonlyMap<string, number>
  readonly versions: ReadonlyMap<string, number>
}

export const headStatement: Statement = {
  text: 'select epoch, seq, commit_id from head',
  values: [],
}

export function headOf(rows: readonly SqlRow[]): Head {
  const row = onlyRow(rows)
  return { epoch: text(row, 'epoch'), seq: count(row, 'seq'), commitId: text(row, 'commit_id') }
}

/** Reads head, known commits and versions in one statement, so that all are of the same moment. */
export function factsStatement(commits: readonly Commit[]): Statement {
  const keys = new Map(commits.flatMap(commit => commit.expects).map(key => [address(key), key]))
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

export function factsOf(rows: readonly SqlRow[]): Facts {
  const row = onlyRow(rows)
  // Both columns are built by the statement above in exactly this form.
  const commits = row['commits'] as readonly (readonly [id: string, seq: number])[]
  const versions = row['versions'] as readonly (readonly [kind: RecordKind, id: string, version: number])[]
  return {
    head: headOf(rows),
    seqs: new Map(commits),
    versions: new Map(versions.map(([kind, id, version]) => [address({ kind, id }), version])),
  }
}

/** A record's key as one text, unique over all kinds. */
export function address(key: RecordKey): string {
  return `${key.kind}/${key.id}`
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
    update head set epoch = $1::text, seq = $2::bigint, commit_id = $3::text
      where epoch = $4::text and seq = $5::bigint and commit_id = $6::text returning seq
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
      where $9::boolean or excluded.version > r.version
  )
  select seq, case when current_setting('synchronous_commit') = 'off'
    then set_config('synchronous_commit', 'on', true) end from moved`

/**
 * Appends entries, which must begin right behind `head`, and stores their records: all of them, or with `newerOnly`
 * those of a higher version than the one stored.
 */
export function appendStatement(
  head: Head,
  entries: readonly LogEntry[],
  options: { readonly newerOnly: boolean },
): Statement {
  const last = entries.at(-1)
  const next = last === undefined ? head : { ...last.position, commitId: last.commit.id }
  const records = lastOfEach(entries, options.newerOnly)
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
      !options.newerOnly,
    ],
    write: true,
  }
}

/** One record a key, as storing them one after the other would leave it. */
function lastOfEach(entries: readonly LogEntry[], newerOnly: boolean): readonly StoredRecord[] {
  const records = new Map<string, StoredRecord>()
  for (const record of entries.flatMap(entry => entry.commit.puts)) {
    const stored = records.get(address(record))
    if (newerOnly && stored !== undefined && record.version <= stored.version) continue
    records.set(address(record), record)
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
