import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEntry } from '../../subgraphs/auth/audit/audit-entry.ts'
import { forgeOf, forgedTokens } from '../auth/forged-tokens.ts'
import { until } from '../support/until.ts'
import { type AttackedTaskGraph, attackedTaskGraph } from './task-graph.ts'

// Rows of the table of hostile inputs, sections Identity and Tenancy and data, through the door of a real `ennead start`.
let graph: AttackedTaskGraph
beforeAll(async () => {
  graph = await attackedTaskGraph()
})
afterAll(() => graph[Symbol.asyncDispose]())

/** What is seen is told once a second, by a process that has other work on a busy machine. Milliseconds. */
const patientMs = 20_000

async function audit(): Promise<readonly AuditEntry[]> {
  const text = await readFile(join(graph.folder, 'auth/audit.ndjson'), 'utf8')
  // Lines of the log are what it wrote.
  return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as AuditEntry]))
}

async function threat(kind: string): Promise<AuditEntry> {
  let found: AuditEntry | undefined
  await until(
    `the threat ${kind} is in the audit log`,
    async () => {
      const entries = await audit()
      found = entries.find(entry => entry.kind === 'THREAT_DETECTED' && entry.threat === kind)
      return found !== undefined
    },
    patientMs,
  )
  if (found === undefined) throw new Error('it was just found')
  return found
}

const whoami = '{ viewer { role } }'
const signInText = `mutation ($email: String!, $password: String!) {
  signIn(input: { email: $email, password: $password }) { accessToken errors { code message } } }`
const feed = `subscription ($after: String) { securityEvents(after: $after) {
  cursor entry { kind threat count actor { displayName } role } } }`

interface Told {
  readonly cursor: string
  readonly entry: { readonly kind: string; readonly threat: string | null }
}

function told(events: readonly Readonly<Record<string, never>>[]): readonly Told[] {
  return events.map(event => event['securityEvents'] as unknown as Told) // As `feed` asks.
}

test('row 18: every forged token is answered 401 with one and the same text, and they are told of', async () => {
  const { token } = graph.navy
  expect((await graph.ask(token, whoami)).data).toEqual({ viewer: { role: 'OWNER' } })
  const forge = forgeOf(token, graph.folder)
  const texts = new Set<string>()
  for (const [what, bad] of forgedTokens(forge, Math.floor(Date.now() / 1_000))) {
    // Longer heads than Node takes are another row.
    if (bad.length > 8_192) continue
    const answer = await graph.ask(bad, whoami)
    expect([what, answer.status, answer.errors[0]?.extensions.code]).toEqual([what, 401, 'UNAUTHENTICATED'])
    texts.add(answer.text)
  }
  expect([...texts]).toHaveLength(1)
  expect(await threat('CREDENTIALS_REFUSED')).toMatchObject({ address: expect.stringContaining('127.0.0.1') })
})

test('row 19: a refresh token used twice ends the whole family, and is told of', async () => {
  const refresh =
    'mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken errors { code } } }'
  const { email, password } = graph.army
  const device = await graph.signIn(email, password)
  const first = await graph.ask(undefined, refresh, { token: device.refreshToken })
  const { accessToken } = first.data['refreshSession'] as unknown as { readonly accessToken: string }
  const second = await graph.ask(undefined, refresh, { token: device.refreshToken })
  expect(second.data).toMatchObject({
    refreshSession: { accessToken: null, errors: [{ code: 'FORBIDDEN' }] },
  })
  for (const token of [device.token, accessToken]) expect((await graph.ask(token, whoami)).status).toBe(401)
  const ended = (await audit()).find(entry => entry.kind === 'SESSION_ENDED')
  expect(ended).toMatchObject({ why: 'replayed' })
  expect(await threat('REFRESH_TOKEN_REUSED')).toMatchObject({ count: 1, workspaceId: expect.any(String) })
})

test('row 20: a request signs in once, guesses at known and unknown accounts get the same answers, then none', async () => {
  const aliases = Array.from(
    { length: 10 },
    (_, n) => `a${n}: signIn(input: { email: "x@y.example", password: "${n}" }) { errors { code } }`,
  )
  const { data } = await graph.ask(undefined, `mutation { ${aliases.join(' ')} }`)
  const codes = Object.values(data).map(each => Object(each).errors[0].code as string)
  expect(codes).toEqual(['FORBIDDEN', ...Array.from({ length: 9 }, () => 'RATE_LIMITED')])
  const member = await graph.invite(graph.navy, 'guessed@navy.example', 'MEMBER')
  const answers = async (email: string): Promise<string[]> => {
    const texts: string[] = []
    for (let guess = 0; guess < 7; guess++)
      texts.push((await graph.ask(undefined, signInText, { email, password: `guess ${guess}` })).text)
    return texts
  }
  const known = await answers(member.email)
  expect(await answers('nobody@navy.example')).toEqual(known)
  expect(known.map(text => /"code":"(\w+)"/.exec(text)?.[1])).toEqual([
    ...Array.from({ length: 5 }, () => 'FORBIDDEN'),
    'RATE_LIMITED',
    'RATE_LIMITED',
  ])
  // Who is signed in already is not harmed by it.
  expect((await graph.ask(member.token, whoami)).data).toEqual({ viewer: { role: 'MEMBER' } })
})

test('row 24: operators of a database and names of the language in a filter are answered 400, and reach no store', async () => {
  for (const filter of [
    { title: { $where: 'sleep(1000)' } },
    { $ne: null },
    { creatorId: { $gt: '' } },
    JSON.parse('{"__proto__":{"projectId":["x"]}}') as object,
    { constructor: { prototype: {} } },
    { title: { regex: '(a+)+$' } },
  ]) {
    const query = 'query ($filter: TaskFilter) { tasks(first: 1, filter: $filter) { totalCount } }'
    const { status, errors } = await graph.ask(graph.navy.token, query, { filter })
    expect([JSON.stringify(filter), status]).toEqual([JSON.stringify(filter), 400])
    expect(errors[0]?.extensions.code).toMatch(/^BAD_(USER_INPUT|REQUEST)$/)
  }
})

test('row 25: an input cannot say whose something is, who made it or which version it has', async () => {
  const input = { key: 'ROW', name: 'Row' }
  const query = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }'
  for (const more of [{ tenantId: 'x' }, { workspaceId: 'x' }, { creatorId: 'x' }, { version: 7 }]) {
    const { status, errors } = await graph.ask(graph.navy.token, query, { input: { ...input, ...more } })
    expect([status, errors[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT'])
  }
})

test('rows 26 and 27: a key repeats, refuses another body and is of one tenant; a stale version tells the current one', async () => {
  const query = `mutation ($name: String!) { createProject(input: { key: "IDEM", name: $name }, idempotencyKey: "once") {
    project { id name version } replayed errors { code } } }`
  const run = async (token: string, name: string): Promise<unknown> =>
    (await graph.ask(token, query, { name })).data['createProject']
  const first = await run(graph.navy.token, 'One')
  expect(first).toMatchObject({ replayed: false, errors: [] })
  expect(await run(graph.navy.token, 'One')).toEqual({ ...Object(first), replayed: true })
  expect(await run(graph.navy.token, 'Two')).toMatchObject({ errors: [{ code: 'IDEMPOTENCY_CONFLICT' }] })
  expect(await run(graph.army.token, 'Two')).toMatchObject({ project: { name: 'Two' }, replayed: false })
  const { id } = Object(first).project as { readonly id: string }
  const update = `mutation ($id: ID!, $version: Int, $name: String!) {
    updateProject(input: { id: $id, name: $name, expectedVersion: $version }) { project { version name } errors { code } } }`
  const changed = await graph.ask(graph.navy.token, update, { id, version: 1, name: 'New' })
  expect(changed.data['updateProject']).toMatchObject({ project: { version: 2 } })
  const stale = await graph.ask(graph.navy.token, update, { id, version: 1, name: 'Lost' })
  expect(stale.data['updateProject']).toMatchObject({
    project: { version: 2, name: 'New' },
    errors: [{ code: 'VERSION_MISMATCH' }],
  })
})

test('security events are for the owners of one workspace: another sees none of them, nor do members, guests and keys', async () => {
  const { navy, army } = graph
  const [ours, theirs] = [graph.follow(navy.token, feed), graph.follow(army.token, feed)]
  const guest = await graph.invite(navy, 'guest@navy.example', 'GUEST')
  await until('the owner is told of the guest', () =>
    told(ours.events).some(({ entry }) => entry.kind === 'INVITATION_ACCEPTED'),
  )
  // What the guest may not do, again and again.
  const rename = 'mutation { createProject(input: { key: "NO", name: "No" }) { project { id } } }'
  for (let index = 0; index < 20; index++) await graph.ask(guest.token, rename)
  for (let guess = 0; guess < 5; guess++)
    await graph.ask(undefined, signInText, { email: guest.email, password: 'wrong' })
  await until(
    'both threats have come',
    () => {
      const threats = told(ours.events).map(({ entry }) => entry.threat)
      return threats.includes('ACCESS_REFUSED') && threats.includes('PASSWORD_GUESSING')
    },
    patientMs,
  )
  const made = await graph.ask(navy.token, 'mutation { createApiKey(input: { name: "ci" }) { key } }')
  const { key } = made.data['createApiKey'] as unknown as { readonly key: string }
  for (const token of [guest.token, key]) {
    const refused = graph.follow(token, feed)
    await until('it is refused', () => refused.failures.length > 0)
    expect(refused.failures.join()).toContain('FORBIDDEN')
    expect(refused.events).toEqual([])
  }

  // What they do stands behind all of ours in the log.
  await graph.ask(army.token, 'mutation { createApiKey(input: { name: "theirs" }) { apiKey { id } } }')
  await until('they are told of their own', () => theirs.events.length > 0)
  expect(told(theirs.events).map(({ entry }) => entry.kind)).toEqual(['KEY_CREATED'])
  const text = JSON.stringify(ours.events)
  for (const secret of [key, guest.password, guest.email, guest.token]) expect(text).not.toContain(secret)
  expect([...ours.failures, ...theirs.failures]).toEqual([])

  // Whoever comes back goes on behind what they have, with a cursor of their own.
  const [first, ...rest] = told(ours.events)
  const after = first?.cursor ?? ''
  const again = graph.follow(navy.token, feed, { after })
  await until('everything behind the first has come', () => again.events.length >= rest.length)
  expect(told(again.events).slice(0, rest.length)).toEqual(rest)
  const stolen = graph.follow(army.token, feed, { after })
  await until('a cursor of another workspace is refused', () => stolen.failures.length > 0)
  expect(stolen.failures.join()).toContain('CURSOR_INVALID')
})
