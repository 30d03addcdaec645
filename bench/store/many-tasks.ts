import type postgres from 'postgres'

/** The workspace, the people and the projects that the tasks are of. */
export const workspaceId = idOf('workspace', 1)
export const people = 200
export const projects = 50
export const labels = 40

/** A global id with a number in it. */
export function idOf(kind: string, number: number): string {
  return `${kind}_${number.toString(16).padStart(26, '0')}`
}

/** Words of which texts are made; those in front are frequent, those at the end rare. */
export const words: readonly string[] = makeWords(4_000)

/** Rows written by one statement. */
const chunk = 50_000

/**
 * Writes so many tasks into a schema that is a store's: of one workspace, over three years, with people, projects, labels,
 * words and states as unevenly spread as they are in life (of 1,000 tasks 5 are blocked, 20 are deleted, 400 have a due
 * date), each row as the store would write it. The same tasks every time.
 */
export async function writeTasks(
  sql: postgres.Sql,
  count: number,
  onRows: (rows: number) => void = () => undefined,
): Promise<void> {
  for (let from = 1; from <= count; from += chunk) {
    const to = Math.min(count, from + chunk - 1)
    await sql.begin(async transaction => {
      await transaction.unsafe(`select setseed(${(from % 1_000_000) / 1_000_000})`)
      await transaction.unsafe(insertText(from, to, count), [[...words]])
    })
    onRows(to)
  }
  await sql.unsafe('analyze records')
}

function insertText(from: number, to: number, count: number): string {
  const instant = (milliseconds: string): string =>
    `to_char(to_timestamp((${milliseconds}) / 1000.0) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  const started = Date.parse('2023-01-01T00:00:00.000Z')
  const stepMs = Math.floor((3 * 365 * 86_400_000) / count)
  const text = (words: number): string =>
    `(select string_agg(($1::text[])[1 + floor(${words === 6 ? 4_000 : 4_000} * power(random(), 3))::int], ' ')
      from generate_series(1, ${words}) where i is not null)`
  const some = (kind: string, many: number, most: number): string =>
    `(select coalesce(array_agg(distinct '${kind}_' || lpad(to_hex(1 + floor(${many} * power(random(), 2))::int), 26, '0')), '{}')
      from generate_series(1, floor(random() * ${most + 1})::int) where i is not null)`
  return `insert into records (kind, id, workspace_id, version, body, number, project_id, title, status, priority,
    due_at, completed_at, creator_id, assignee_ids, label_ids, blocked_by_ids, deleted_at, search_text, created_at, updated_at)
  select 'task', id, '${workspaceId}', 1, json_build_object('kind', 'task', 'id', id, 'workspaceId', '${workspaceId}', 'version', 1,
      'createdAt', created, 'updatedAt', updated, 'number', i, 'projectId', project, 'title', title, 'description', description,
      'status', status, 'priority', priority, 'startAt', null, 'dueAt', due, 'completedAt', completed, 'estimateMinutes', null,
      'creatorId', creator, 'assigneeIds', assignees, 'labelIds', labels, 'parentId', null, 'blockedByIds', array[]::text[],
      'deletedAt', deleted, 'searchText', title || E'\\n' || description)::text,
    i, project, title, status, priority, due, completed, creator, assignees, labels, '{}', deleted,
    title || E'\\n' || description, created, updated
  from (
    select i, 'task_' || lpad(to_hex(i), 26, '0') as id,
      'project_' || lpad(to_hex(1 + floor(${projects} * power(random(), 2))::int), 26, '0') as project,
      'user_' || lpad(to_hex(1 + floor(${people} * power(random(), 2))::int), 26, '0') as creator,
      ${text(6)} as title, ${text(40)} as description,
      ${some('user', people, 3)} as assignees, ${some('label', labels, 3)} as labels,
      (array['DONE','BACKLOG','TODO','IN_PROGRESS','CANCELLED','BLOCKED'])[1 + width_bucket(random(), array[0.70,0.82,0.92,0.97,0.995])] as status,
      (array[0,1,2,3,4])[1 + width_bucket(random(), array[0.60,0.75,0.90,0.98])] as priority,
      case when random() < 0.4 then ${instant(`${started} + i::bigint * ${stepMs} + floor(random() * 90 * 86400000)`)} end as due,
      case when random() < 0.02 then ${instant(`${started} + i::bigint * ${stepMs} + 86400000`)} end as deleted,
      null::text as completed,
      ${instant(`${started} + i::bigint * ${stepMs}`)} as created,
      ${instant(`${started} + i::bigint * ${stepMs} + floor(power(random(), 4) * 200 * 86400000)`)} as updated
    from generate_series(${from}, ${to}) as i
  ) as made`
}

function makeWords(count: number): readonly string[] {
  const heads = [
    'ba',
    'ko',
    'li',
    'mu',
    'ne',
    'po',
    'ra',
    'so',
    'ti',
    'vu',
    'we',
    'xa',
    'yo',
    'ze',
    'da',
    'fe',
  ]
  const tails = ['n', 'rd', 'st', 'lk', 'mp', 'x', 'ck', 'ng', 'th', 'sh', 'ft', 'pt', 'rn', 'lm', 'nd', 'sk']
  const at = (from: readonly string[], index: number): string => from[index % from.length] ?? ''
  // Two head syllables and a tail are 4,096 words.
  return Array.from({ length: count }, (_, index) => {
    const mixed = (index * 1_103) % 4_096
    return at(heads, mixed) + at(heads, Math.floor(mixed / 16)) + at(tails, Math.floor(mixed / 256))
  })
}
