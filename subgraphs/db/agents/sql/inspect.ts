import { fields } from '../../condition.ts'
import { canonical } from '../../receipt.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { Cure, Inspected, InspectedPage, StoreInspection } from '../../store-inspection.ts'
import { columns, columnTypes, rowOf } from './columns.ts'
import type { SqlRow, Statement } from './lane.ts'
import type { Lanes } from './lanes.ts'
import { text } from './rows.ts'
import { fencedStatement, requireHeld, stillHeld } from './sql-leases.ts'

/** Everything of a row that follows from its record, with the type it is written in. */
const derived: readonly (readonly [name: string, type: string])[] = [
  ['version', 'int'],
  ['lowered', 'jsonb'],
  ['expires_at', 'text'],
  ...fields
    .filter(field => field !== 'id')
    .map(field => [columns[field].name, columnTypes[columns[field].type]] as const),
]
const names = ['kind', 'id', 'body', ...derived.map(([name]) => name)]
const types = new Map([...derived, ['kind', 'text'], ['id', 'text'], ['body', 'text']] as const)
const source = `jsonb_to_recordset($1::text::jsonb) as p (${names.map(name => `${name} ${types.get(name)}`).join(', ')})`

/** The rows of the records' table, each column held against what the record in it says. */
export function inspectionOf(lanes: Lanes): StoreInspection {
  return {
    async look(after, limit, signal) {
      const [kind = '', id = ''] = after === '' ? [] : (JSON.parse(after) as readonly string[])
      const rows = await lanes.read(
        {
          text: `select kind, id, body, to_jsonb(r) - 'body' as beside, kind = 'task' and
              (select array_agg(p order by list) from task_places p where place_id = r.id)
              is distinct from (select array_agg(p order by list) from places_of(r) p) as misplaced
            from records r where (kind, id) > ($1::text, $2::text) order by kind, id limit $3::int`,
          values: [kind, id, limit],
        },
        signal,
      )
      return pageOf(rows.map(inspected), limit)
    },
    async mend(cures, signal, fence) {
      await lanes.write(signal, async run => {
        for (const cure of cures) {
          if (fence === undefined) await run(cureStatement(cure, 'true'))
          else requireHeld(fence, await run(fencedStatement(cureStatement(cure, stillHeld), fence)))
        }
      })
    },
  }
}

function pageOf(found: readonly Inspected[], limit: number): InspectedPage {
  const last = found.at(-1)
  const done = last === undefined || found.length < limit
  return { found, next: done ? undefined : JSON.stringify([last.key.kind, last.key.id]) }
}

function inspected(row: SqlRow): Inspected {
  // The statement above selects the kind that was stored, and `beside` as an object.
  const key = { kind: text(row, 'kind') as RecordKind, id: text(row, 'id') }
  const beside = row['beside'] as Readonly<Record<string, unknown>>
  const record = recordIn(text(row, 'body'))
  const seen = beside['version']
  if (record === undefined || record.kind !== key.kind || record.id !== key.id) {
    return { key, record: undefined, seen, faults: ['body is not the record of its key'] }
  }
  const expected = rowOf(record)
  const faults = derived.flatMap(([name]) => {
    const [is, shall] = [beside[name] ?? null, expected[name] ?? null]
    if (canonical(is) === canonical(shall)) return []
    return [`column ${name} says ${shown(is)}, the record says ${shown(shall)}`]
  })
  // Writing the record again, which cures what its columns say, makes them anew.
  if (row['misplaced'] === true)
    faults.push('places in the lists of people and labels are not those of its columns')
  return { key, record, seen, faults }
}

function recordIn(body: string): StoredRecord | undefined {
  try {
    // Bodies are written from records; what is none has no kind and id that agree with its key.
    return JSON.parse(body) as StoredRecord
  } catch {
    return undefined
  }
}

/** Changes nothing unless the condition holds. */
function cureStatement({ key, seen, record }: Cure, condition: string): Statement {
  const { kind, id } = key
  if (record === undefined) {
    return {
      text: `delete from records where kind = $1::text and id = $2::text and version = $3::int and ${condition}`,
      values: [kind, id, Number(seen)],
      write: true,
    }
  }
  const row = JSON.stringify([rowOf(record)])
  if (seen === undefined) {
    return {
      text: `insert into records (${names.join(', ')}) select ${names.join(', ')} from ${source}
        where ${condition} on conflict (kind, id) do nothing`,
      values: [row],
      write: true,
    }
  }
  const set = ['body', ...derived.map(([name]) => name)].map(name => `${name} = p.${name}`).join(', ')
  return {
    text: `update records r set ${set} from ${source} where r.kind = p.kind and r.id = p.id and r.version = $2::int
      and ${condition}`,
    values: [row, Number(seen)],
    write: true,
  }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60)
}
