import { join } from 'node:path'
import fc from 'fast-check'
import { buildSchema, isEnumType } from 'graphql'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { silentLog } from '../../kernel/log.ts'
import type { ActorPrincipal, Role } from '../../kernel/principal.ts'
import { grantOf } from '../../subgraphs/auth/abilities.ts'
import { AuditLog } from '../../subgraphs/auth/audit/audit-log.ts'
import { readAudit } from '../../subgraphs/auth/audit/read-audit.ts'
import { auditConnection } from '../../subgraphs/auth/graphql/audit-connection.ts'
import type { AuditConnection, AuditPageArguments } from '../../subgraphs/auth/graphql/audit-connection.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'
import { manualClock } from '../support/manual-clock.ts'
import { root } from '../tidy/source-files.ts'

const workspaces = ['workspace_a', 'workspace_b'] as const

function viewer(workspaceId: string, role: Role = 'ADMIN'): ActorPrincipal {
  const actorId = 'user_viewer'
  const common = { kind: 'actor', actorId, workspaceId, sessionId: undefined, source: 'jwt' } as const
  return { ...common, expiresAt: 2 ** 31, ...grantOf(role, workspaceId, actorId) }
}

interface Written extends AsyncDisposable {
  readonly path: string
  ask(of: ActorPrincipal, args?: AuditPageArguments, bytesMax?: number): Promise<AuditConnection>
}

/** An entry of a second each, in the workspace with that index; 2: in none. */
async function written(places: readonly number[]): Promise<Written> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'audit.ndjson')
  const clock = manualClock(0)
  const log = await AuditLog.open({ path, clock, log: silentLog })
  for (const [index, place] of places.entries()) {
    clock.advance(1_000)
    const workspaceId = workspaces[place]
    const userId = `user_${index}`
    await log.append(
      workspaceId === undefined
        ? { kind: 'SIGN_IN_REFUSED', account: userId, why: 'wrong' }
        : { kind: 'SIGNED_IN', userId, workspaceId, sessionId: `session_${index}` },
      // The longest entries there may be, with what could be taken for an end of a line.
      { userAgent: index % 3 === 0 ? '\n"}'.repeat(100) : 'test' },
    )
  }
  await log.close()
  return {
    path,
    ask: (of, args = {}, bytesMax) =>
      auditConnection(of, args, options => readAudit(path, { ...options, ...(bytesMax && { bytesMax }) })),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

async function all(log: Written, of: ActorPrincipal, first: number, bytesMax?: number): Promise<string[]> {
  const seen: string[] = []
  let after: string | null = null
  for (;;) {
    const { nodes, pageInfo }: AuditConnection = await log.ask(of, { first, after }, bytesMax)
    seen.push(...nodes.map(({ actorId }) => actorId ?? ''))
    if (!pageInfo.hasNextPage) return seen
    after = pageInfo.endCursor
  }
}

test('pages of any size, however little is read at once, have all of a workspace once, newest first, and nothing of another', async () => {
  const places = fc.array(fc.nat(2), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      places,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 3_000 }),
      async (...given) => {
        const [entries, first, bytesMax] = given
        await using log = await written(entries)
        for (const [place, workspaceId] of workspaces.entries()) {
          const own = entries.flatMap((each, index) => (each === place ? [`user_${index}`] : []))
          expect(await all(log, viewer(workspaceId), first, bytesMax)).toEqual(own.toReversed())
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('a log that is longer than what is read at once is read whole', async () => {
  await using log = await written(Array.from({ length: 400 }, (_, index) => index % 2))
  expect(await all(log, viewer('workspace_a'), 100)).toHaveLength(200)
})

test('owners and administrators may read it, members and guests may not', async () => {
  await using log = await written([0])
  for (const role of ['OWNER', 'ADMIN'] as const) {
    expect((await log.ask(viewer('workspace_a', role))).nodes).toHaveLength(1)
  }
  for (const role of ['MEMBER', 'GUEST'] as const) {
    await expect(log.ask(viewer('workspace_a', role))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  }
})

test('a filter by kind, by actor and by time has what it says and nothing else', async () => {
  await using log = await written([0, 0, 0, 0])
  const of = viewer('workspace_a')
  const ids = async (filter: AuditPageArguments['filter'] & {}): Promise<unknown> =>
    (await log.ask(of, { filter })).nodes.map(({ actorId }) => actorId)
  const [, , second] = (await log.ask(of)).nodes
  expect(await ids({ kinds: ['SIGNED_IN'] })).toHaveLength(4)
  expect(await ids({ kinds: ['KEY_USED'] })).toEqual([])
  expect(await ids({ actorId: 'user_2' })).toEqual(['user_2'])
  expect(await ids({ since: second?.at ?? '' })).toEqual(['user_3', 'user_2', 'user_1'])
  expect(await ids({ until: second?.at ?? '' })).toEqual(['user_0'])
})

test('cursors of another workspace, and places where no line begins, are refused', async () => {
  await using log = await written([0, 1, 0])
  const { endCursor } = (await log.ask(viewer('workspace_b'), { first: 1 })).pageInfo
  const forged = (at: string): string => Buffer.from(`audit:workspace_a:${at}`).toString('base64url')
  for (const after of [endCursor, 'x', forged('3'), forged('-1'), forged('99999999'), forged('1e3')]) {
    await expect(log.ask(viewer('workspace_a'), { after })).rejects.toMatchObject({ code: 'CURSOR_INVALID' })
  }
})

test('what is told of an entry has no number and no hash that others could be found by', async () => {
  await using log = await written([1, 1, 0])
  const [node] = (await log.ask(viewer('workspace_a'))).nodes
  expect(node).not.toHaveProperty('seq')
  expect(node?.id).toMatch(/^[0-9a-f]{32}$/)
})

test('every kind of entry that names a workspace is one of the schema', async () => {
  const entries = await readFile(join(root, 'subgraphs/auth/audit/audit-entry.ts'), 'utf8')
  const members = entries.split(/^ {2}\| ?/m).filter(part => /workspaceId\??: string/.test(part))
  const kinds = members.flatMap(part => [...(/kind: ([^\n}]+)/.exec(part)?.[1] ?? '').matchAll(/'(\w+)'/g)])
  const supergraph = await readFile(join(root, 'schema/auth.graphql'), 'utf8')
  const [text = ''] = /^enum AuditKind \{[^}]+\}/m.exec(supergraph) ?? []
  const type = buildSchema(`${text} type Query { kind: AuditKind }`).getType('AuditKind')
  if (!isEnumType(type)) throw new Error('AuditKind is gone')
  const told = type.getValues().map(({ name }) => name)
  expect(kinds.map(([, kind = '']) => kind).toSorted()).toEqual(told.toSorted())
})
