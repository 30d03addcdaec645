import type { HopTarget } from '../../../kernel/hop-signer.ts'
import { describe, expect, test } from 'vitest'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { Principal } from '../../../kernel/principal.ts'
import { until } from '../../support/until.ts'
import {
  type Data,
  type TestDb,
  engineOf,
  hopOf,
  newProject,
  newTask,
  openTestDb,
  principalOf,
  serviceHop,
  signer,
} from './fixture.ts'

const service: Principal = { kind: 'service', name: 'api' }
const pageQuery = `query($after: String, $first: Int, $waitMs: Int, $projectId: ID, $taskId: ID, $newestFirst: Boolean) {
  changeLog(after: $after, first: $first, waitMs: $waitMs, projectId: $projectId, taskId: $taskId, newestFirst: $newestFirst) {
    entries { position kind taskId projectId workspaceId actorId at id changed } next more
  }
}`

async function page(db: TestDb, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
  return (await db.run(pageQuery, variables, service)).changeLog
}

const taskIds = ({ entries }: Data): readonly string[] => entries.map((entry: Data) => entry.taskId)

describe('the change log', () => {
  test('tells every event once, in order, page by page, and can be followed from its end', async () => {
    await using db = await openTestDb()
    const { next: start } = await page(db)
    const project = await newProject(db)
    const made: string[] = []
    for (let index = 0; index < 7; index++) made.push(await newTask(db, project))
    const seen: string[] = []
    let after = start
    for (let more = true; more;) {
      const one = await page(db, { after, first: 3 })
      seen.push(...taskIds(one))
      after = one.next
      more = one.more
    }
    expect(seen).toEqual(made)
    expect((await page(db, { after })).entries).toEqual([])
    expect((await page(db, {})).entries).toEqual([])
  })

  test('narrows to a project or a task, and reads backwards', async () => {
    await using db = await openTestDb()
    const [one, two] = [await newProject(db, 'ONE'), await newProject(db, 'TWO')]
    const a = await newTask(db, one)
    const b = await newTask(db, two)
    const c = await newTask(db, one)
    expect(taskIds(await page(db, { after: ':0', projectId: one }))).toEqual([a, c])
    expect(taskIds(await page(db, { after: ':0', taskId: b }))).toEqual([b])
    expect(taskIds(await page(db, { newestFirst: true }))).toEqual([c, b, a])
    const first = await page(db, { newestFirst: true, first: 1 })
    expect([taskIds(first), first.more]).toEqual([[c], true])
    const rest = await page(db, { newestFirst: true, first: 100, after: first.next })
    expect([taskIds(rest), rest.more]).toEqual([[b, a], false])
    expect(taskIds(await page(db, { newestFirst: true, first: 100, after: rest.next }))).toEqual([])
  })

  test('a waiting reader is woken by a commit at once, and goes away when its caller does', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const waiting = page(db, { waitMs: 20_000 })
    const id = await newTask(db, project)
    const began = performance.now()
    expect(taskIds(await waiting)).toEqual([id])
    expect(performance.now() - began).toBeLessThan(1_000)
    const left = new AbortController()
    const gone = db.domain.changes.read({ after: undefined, first: 1, waitMs: 20_000 }, left.signal)
    left.abort()
    expect((await gone).entries).toEqual([])
    expect((await page(db, { waitMs: 20 })).entries).toEqual([])
  })

  test('a filter waits for an event that fits, without losing its place', async () => {
    await using db = await openTestDb()
    const [one, two] = [await newProject(db, 'ONE'), await newProject(db, 'TWO')]
    const waiting = page(db, { waitMs: 20_000, projectId: two })
    await newTask(db, one)
    const wanted = await newTask(db, two)
    expect(taskIds(await waiting)).toEqual([wanted])
  })

  test.each([
    [{ after: 'other-life:1' }, 'CURSOR_EXPIRED'],
    [{ after: 'nonsense' }, 'CURSOR_INVALID'],
    [{ after: ':0', first: 0 }, 'BAD_USER_INPUT'],
    [{ after: ':0', first: 1001 }, 'BAD_USER_INPUT'],
    [{ after: ':0', waitMs: 25_001 }, 'BAD_USER_INPUT'],
  ])('%j is refused with %s', async (variables, code) => {
    await using db = await openTestDb()
    await newProject(db)
    const { errors } = await db.answer(pageQuery, variables, service)
    expect(errors).toMatchObject([{ extensions: { code } }])
  })

  test('a position beyond the head is refused', async () => {
    await using db = await openTestDb()
    await newProject(db)
    const epoch = db.stores.sql.head().epoch
    const { errors } = await db.answer(pageQuery, { after: `${epoch}:2` }, service)
    expect(errors).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }])
  })

  test('is for services only', async () => {
    await using db = await openTestDb()
    const { errors } = await db.answer(pageQuery)
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    const stream = db.service.subscribe(
      { query: 'subscription { changeLog { next } }' },
      hopOf(principalOf(db.workspaceId)),
    )
    expect((await stream.next()).value).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  })

  test('what another process has written is followed too', async () => {
    await using db = await openTestDb()
    const names = ['sql', 'nosql', 'cache'] as const
    await using other = await openTestDb({ engines: names.map(name => engineOf(name, db.stores[name])) })
    const waiting = page(db, { waitMs: 20_000 })
    const id = await newTask(other, await newProject(other))
    const found = await waiting
    expect(
      found.entries.length > 0 ? taskIds(found) : taskIds(await page(db, { after: found.next })),
    ).toEqual([id])
  })
})

describe('following as a subscription', () => {
  const query = 'subscription($after: String) { changeLog(after: $after) { entries { taskId } next } }'

  test('first says where it stands, then tells what happens; leaving it lets go at once', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const stream = db.service.subscribe({ query }, serviceHop)
    const { value: begin } = await stream.next()
    expect(begin).toMatchObject({ data: { changeLog: { entries: [], next: db.domain.changes.head } } })
    const waiting = stream.next()
    const id = await newTask(db, project)
    expect((await waiting).value).toMatchObject({ data: { changeLog: { entries: [{ taskId: id }] } } })
    const last = stream.next()
    await stream.return?.()
    expect((await last).done).toBe(true)
  })

  test('behind a position it tells what was missed first', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const after = db.domain.changes.head
    const ids = [await newTask(db, project), await newTask(db, project)]
    const stream = db.service.subscribe({ query, variables: { after } }, serviceHop)
    const { value } = await stream.next()
    expect(value).toMatchObject({ data: { changeLog: { entries: ids.map(taskId => ({ taskId })) } } })
    await stream.return?.()
    const expired = db.service.subscribe({ query, variables: { after: 'old:5' } }, serviceHop)
    expect((await expired.next()).value).toMatchObject({
      errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }],
    })
  })
})

describe('over HTTP', () => {
  async function listening(db: TestDb): Promise<string> {
    const address = await db.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
    if (address.kind !== 'tcp') throw new Error('it listens elsewhere')
    return `http://127.0.0.1:${address.port}`
  }

  const headers = (principal: Principal, target: Omit<HopTarget, 'audience'>): Record<string, string> => ({
    ...signer.headers(hopOf(principal), { audience: 'db', ...target }),
    'content-type': 'application/json',
  })

  test('GET /v1/changes answers pages to services, waits, and refuses strangers and users', async () => {
    await using db = await openTestDb()
    const url = await listening(db)
    const project = await newProject(db)
    const id = await newTask(db, project)
    const read = async (search: string, principal: Principal = service): Promise<Data> => {
      const path = `/v1/changes?${search}`
      return (await fetch(url + path, { headers: headers(principal, { method: 'GET', path }) })).json()
    }
    const found = await read('after=:0&first=10')
    expect(taskIds(found)).toEqual([id])
    expect(await read(`newestFirst=true&taskId=${id}`)).toMatchObject({ entries: [{ taskId: id }] })
    const waiting = read(`after=${found.next}&waitMs=20000`)
    const late = await newTask(db, project)
    expect(taskIds(await waiting)).toEqual([late])
    expect(await read('first=x')).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    expect(await read('', principalOf(db.workspaceId))).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    })
    expect((await fetch(`${url}/v1/changes`)).status).toBe(401)
  })

  test('POST /v1/existing answers the ids the principal may read', async () => {
    await using db = await openTestDb()
    const url = await listening(db)
    const project = await newProject(db)
    const task = await newTask(db, project)
    const existing = async (body: unknown, principal: Principal): Promise<Data> => {
      const target = { method: 'POST', path: '/v1/existing', body: JSON.stringify(body) }
      const init = { method: 'POST', headers: headers(principal, target), body: target.body }
      return (await fetch(url + target.path, init)).json()
    }
    const ids = [task, newGlobalId('Task'), 'nonsense', project, newGlobalId('User')]
    expect(await existing({ ids }, principalOf(db.workspaceId))).toEqual({ ids: [task, project] })
    expect(await existing({ ids }, principalOf(newGlobalId('Workspace')))).toEqual({ ids: [] })
    for (const body of [{ ids: [1] }, {}, { ids: Array.from({ length: 1_001 }, () => 'x') }]) {
      expect(await existing(body, principalOf(db.workspaceId))).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      })
    }
    expect((await fetch(`${url}/v1/existing`, { method: 'POST', body: '{"ids":[]}' })).status).toBe(401)
  })

  test('health says how far each store reaches', async () => {
    await using db = await openTestDb()
    const url = await listening(db)
    await newProject(db)
    await until('all stores have it', () => db.stores.cache.entries.length === 1)
    const response = await fetch(`${url}/health/ready`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      domain: 'db',
      ready: true,
      agents: [
        { name: 'sql', state: 'ok', detail: 'memory, at 1' },
        { name: 'nosql', state: 'ok', detail: 'memory, at 1' },
        { name: 'cache', state: 'ok', detail: 'memory, at 1' },
      ],
      background: [{ name: 'sweep', state: 'ok', detail: expect.stringMatching(/^term \d+: /) }],
    })
  })
})
