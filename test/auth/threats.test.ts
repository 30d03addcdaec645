import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { silentLog } from '../../kernel/log.ts'
import { SightingBuffer } from '../../kernel/sightings/sighting-buffer.ts'
import { sightingMetrics } from '../../kernel/sightings/sighting-metrics.ts'
import { type CountedSighting, readSightings } from '../../kernel/sightings/sighting.ts'
import type { AuditEntry } from '../../subgraphs/auth/audit/audit-entry.ts'
import { EntryAllowance } from '../../subgraphs/auth/threats/entry-allowance.ts'
import { ThreatCounters } from '../../subgraphs/auth/threats/threat-counters.ts'
import { threatMetrics } from '../../subgraphs/auth/threats/threat-metrics.ts'
import { manualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'
import { type Desk, openDesk, tryToSignIn } from './auth-desk.ts'

type Threat = Extract<AuditEntry, { readonly kind: 'THREAT_DETECTED' }>

async function threatsOf({ path }: Desk): Promise<readonly Threat[]> {
  const text = await readFile(join(path, 'auth/audit.ndjson'), 'utf8')
  // Lines of the log are what it wrote.
  const entries = text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as AuditEntry]))
  return entries.filter(entry => entry.kind === 'THREAT_DETECTED')
}

async function threatsUntil(desk: Desk, count: number): Promise<readonly Threat[]> {
  let found: readonly Threat[] = []
  await until(`there are ${count} threats`, async () => (found = await threatsOf(desk)).length >= count)
  return found
}

const origin = { address: '192.0.2.7' }

test('guesses at a password are told to the workspaces of who is meant, once, and those at nobody to the operator', async () => {
  await using desk = await openDesk()
  const { user } = desk.grace
  for (const email of [user.email, 'nobody@navy.example'])
    for (let guess = 0; guess < 9; guess++) await tryToSignIn(desk.domain, email, 'wrong', origin.address)
  const [first, second, ...more] = await threatsUntil(desk, 2)
  expect(first).toMatchObject({
    threat: 'PASSWORD_GUESSING',
    count: 5,
    workspaceId: desk.workspace.id,
    userId: user.id,
    address: origin.address,
  })
  expect(second).toMatchObject({ threat: 'PASSWORD_GUESSING', count: 5, account: expect.any(String) })
  expect(second).not.toHaveProperty('workspaceId')
  expect(more).toEqual([])
  const text = JSON.stringify([first, second])
  for (const secret of [user.email, 'nobody@navy.example', 'wrong']) expect(text).not.toContain(secret)
})

test('many accounts tried from one address are told to the operator', async () => {
  await using desk = await openDesk({ throttle: { addressMax: 50 } })
  for (let guess = 0; guess < 30; guess++)
    await tryToSignIn(desk.domain, `user${guess}@navy.example`, 'x'.repeat(9), origin.address)
  expect(await threatsUntil(desk, 1)).toMatchObject([{ threat: 'PASSWORD_SPRAYING', count: 30, ...origin }])
})

test('a refresh token that is used twice is told at once, with its session', async () => {
  await using desk = await openDesk()
  const { refreshToken, principal } = await desk.signIn()
  await desk.domain.refresh(refreshToken, {})
  await desk.domain.refresh(refreshToken, origin)
  expect(await threatsUntil(desk, 1)).toMatchObject([
    {
      threat: 'REFRESH_TOKEN_REUSED',
      count: 1,
      workspaceId: desk.workspace.id,
      userId: desk.grace.user.id,
      sessionId: principal.sessionId,
      ...origin,
    },
  ])
})

test('a revoked API key that goes on being used is told to its workspace; texts that never were a key are not', async () => {
  await using desk = await openDesk()
  const { principal } = await desk.signIn()
  const input = { name: 'ci', scopes: undefined, expiresInDays: 30, serviceAccountId: undefined }
  const { key, record } = await desk.domain.apiKeys.create(principal, input, {})
  await desk.domain.apiKeys.revoke(principal, record.id, {})
  for (let use = 0; use < 6; use++) {
    expect(await desk.who(key)).toBe('UNAUTHENTICATED')
    expect(await desk.who(`ennead_key_${'0'.repeat(26)}_${'a'.repeat(43)}`)).toBe('UNAUTHENTICATED')
  }
  const threats = await threatsUntil(desk, 1)
  expect(threats).toMatchObject([
    { threat: 'KEY_REFUSED', count: 5, workspaceId: desk.workspace.id, keyId: record.id },
  ])
  expect(JSON.stringify(threats)).not.toContain(key)
})

test('what gateways and subgraphs have seen is counted by account, key and address', async () => {
  await using desk = await openDesk()
  const who = { actorId: desk.grace.user.id, workspaceId: desk.workspace.id }
  const seen: readonly CountedSighting[] = [
    { kind: 'forbidden', count: 12, ...who },
    { kind: 'forbidden', count: 8, ...who, ...origin },
    { kind: 'forbidden', count: 100, ...origin },
    { kind: 'rateLimited', count: 10, ...who },
    { kind: 'credentialRefused', count: 19, ...origin },
    { kind: 'hopRefused', count: 1, subgraph: 'db', ...origin },
  ]
  desk.domain.security.threats.sighted(seen)
  const place = { workspaceId: desk.workspace.id, userId: desk.grace.user.id }
  expect(await threatsUntil(desk, 3)).toMatchObject([
    { threat: 'ACCESS_REFUSED', count: 20, ...place },
    { threat: 'RATE_EXCEEDED', count: 10, ...place },
    { threat: 'HOP_REFUSED', count: 1, subgraph: 'db', ...origin },
  ])
  expect(desk.domain.security.threats.counts.told.get('ACCESS_REFUSED')).toBe(1)
})

test('metrics tell what was seen, what could not be told, and which threats were written', async () => {
  await using desk = await openDesk()
  const { threats } = desk.domain.security
  const send = async (batch: readonly CountedSighting[]): Promise<void> => threats.sighted(batch)
  const buffer = new SightingBuffer({ send, clock: manualClock(), log: silentLog, entriesMax: 1 })
  for (const address of ['192.0.2.1', '192.0.2.2'])
    buffer.note({ kind: 'hopRefused', subgraph: 'db', address })
  await buffer.close()
  await threatsUntil(desk, 1)
  const registry = new Registry()
  sightingMetrics(registry, () => buffer.counts)
  threatMetrics(registry, () => threats.counts)
  const lines = (await registry.metrics()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'ennead_sightings_total{kind="hopRefused"} 2',
      'ennead_sightings_total{kind="forbidden"} 0',
      'ennead_sightings_dropped_total 1',
      'ennead_threats_total{threat="HOP_REFUSED"} 1',
      'ennead_threats_unwritten_total 0',
    ]),
  )
})

test('while it goes on a threat is told at ever longer pauses, with what came meanwhile', () => {
  const clock = manualClock()
  const counters = new ThreatCounters(clock)
  const told: [number, number][] = []
  for (let minute = 0; minute < 200; minute++, clock.advance(60_000)) {
    const count = counters.note('KEY_REFUSED', 'key_1', 5)
    if (count !== undefined) told.push([minute, count])
  }
  expect(told).toEqual([
    [0, 5],
    [1, 5],
    [3, 10],
    [7, 20],
    [15, 40],
    [31, 80],
    [63, 160],
    [123, 300],
    [183, 300],
  ])
})

test('what is seen now and then is no threat, and what stopped is told anew when it begins again', () => {
  const clock = manualClock()
  const counters = new ThreatCounters(clock)
  for (let times = 0; times < 50; times++, clock.advance(20_000))
    expect(counters.note('KEY_REFUSED', 'key_1')).toBeUndefined()
  expect(counters.note('KEY_REFUSED', 'key_2', 5)).toBe(5)
  clock.advance(10 * 60_000)
  expect(counters.note('KEY_REFUSED', 'key_2', 5)).toBe(5)
  clock.advance(60_000)
  expect(counters.note('KEY_REFUSED', 'key_2', 5)).toBe(5)
})

test('strangers without number take a bounded place', () => {
  const counters = new ThreatCounters(manualClock())
  for (let index = 0; index < 25_000; index++) counters.note('CREDENTIALS_REFUSED', `192.0.2.${index}`)
  expect(counters.size).toBe(20_000)
})

test('a workspace has its share of entries in a minute, and one that is attacked hides no other', () => {
  const clock = manualClock()
  const allowance = new EntryAllowance(clock)
  const taken = (workspaceId: string): number =>
    Array.from({ length: 50 }, () => allowance.take(workspaceId)).filter(Boolean).length
  expect([taken('a'), taken('a'), taken('b')]).toEqual([20, 0, 20])
  clock.advance(60_000)
  expect(taken('a')).toBe(20)
})

test('a batch has each sighting once, what there is no room for is counted, and a receiver that is away stops nobody', async () => {
  const clock = manualClock()
  const batches: (readonly CountedSighting[])[] = []
  let away = true
  const send = async (batch: readonly CountedSighting[]): Promise<void> => {
    if (away) throw new Error('nobody is there')
    batches.push(batch)
  }
  const buffer = new SightingBuffer({ send, clock, log: silentLog, entriesMax: 2 })
  const see = (address: string): void => buffer.note({ kind: 'credentialRefused', address })
  for (const address of ['192.0.2.1', '192.0.2.1', '2001:db8::1', '2001:db8::2', '192.0.2.9']) see(address)
  clock.advance(1_000)
  await until('the batch is lost', () => buffer.counts.dropped === 5)
  away = false
  see('192.0.2.1')
  see('192.0.2.1')
  await until('it is told', () => {
    clock.advance(1_000)
    return batches.length > 0
  })
  expect(batches).toEqual([[{ kind: 'credentialRefused', address: '192.0.2.1', count: 2 }]])
  expect(buffer.counts).toMatchObject({ seen: { credentialRefused: 7, forbidden: 0 }, dropped: 5 })
  see('192.0.2.3')
  await buffer.close()
  expect(batches).toHaveLength(2)
})

test('what another process tells is taken as what it is, and nothing else of it', () => {
  const long = 'x'.repeat(201)
  expect(
    readSightings([
      { kind: 'forbidden', count: 2, actorId: 'user_1', workspaceId: 7, address: long, token: 'secret' },
      { kind: 'nonsense', count: 1 },
      { kind: 'forbidden', count: -1 },
      { kind: 'forbidden', count: 1.5 },
      null,
      'forbidden',
    ]),
  ).toEqual([{ kind: 'forbidden', count: 2, actorId: 'user_1' }])
  expect(readSightings({ kind: 'forbidden', count: 1 })).toEqual([])
})
