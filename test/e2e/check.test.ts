import { mkdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buildSchema, graphql } from 'graphql'
import { expect, test } from 'vitest'
import { runEnnead } from './running-ennead.ts'
import { changedProducts, configuration, products, shopRepository } from './shop-repository.ts'

/** For tests that start processes; with the whole suite on two cores each start takes seconds. Milliseconds. */
const patient = 240_000

interface Report {
  readonly version: number
  readonly outcome: string
  readonly changes: readonly {
    readonly kind: string
    readonly coordinate: string
    readonly level: string
    readonly accepted?: { readonly reason: string; readonly until: string }
    readonly operations: readonly { readonly name: string; readonly requests?: number }[]
    readonly sharePercent?: number
  }[]
  readonly operations?: { readonly checked: number; readonly leftOut: number; readonly requests?: number }
  readonly findings: readonly { readonly code: string; readonly severity: string }[]
}

/** The report of a run with `--format json`. */
function reportOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): Report {
  expect(stderr).toBe('')
  // The form is what the tests check.
  return JSON.parse(stdout) as Report
}

const verdicts = ({ changes }: Report): readonly string[] =>
  changes.map(({ kind, coordinate, level }) => `${level} ${kind} ${coordinate}`)

const expected = ['breaking FIELD_REMOVED Product.price', 'dangerous ENUM_VALUE_ADDED Colour.BLUE']

test('every form of a baseline gives the same verdicts', { timeout: patient }, async () => {
  await using shop = await shopRepository()
  await shop.write('products.graphql', products)
  const composed = await runEnnead(['compose', '--output', 'released.graphql'], { cwd: shop.path })
  expect(composed.code).toBe(0)
  await shop.git('add', 'released.graphql')
  await shop.git('commit', '--quiet', '--message=released')
  await shop.write('products.graphql', changedProducts)
  const plain = `type Query { product(id: ID!): Product search(text: String, first: Int): [Product!]! }
type Product { id: ID! name: String price: Int colour: Colour reviews: [String!] } enum Colour { RED GREEN }`
  await shop.write('plain.graphql', plain)
  await mkdir(join(shop.path, 'before'))
  await shop.write('before/supergraph.yaml', configuration)
  await shop.write('before/products.graphql', products)
  await shop.write('before/reviews.graphql', await readFile(join(shop.path, 'reviews.graphql'), 'utf8'))
  const schema = buildSchema(plain)
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization ?? '')
    void request.toArray().then(async parts => {
      const { query } = JSON.parse(Buffer.concat(parts).toString()) as { query: string }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(await graphql({ schema, source: query })))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  const all = ['main', 'main:released.graphql', 'main:supergraph.yaml', 'released.graphql']
  try {
    for (const against of [...all, 'plain.graphql', 'before/supergraph.yaml', url]) {
      const header = against === url ? ['--against-header', 'authorization: Bearer key'] : []
      const ended = await shop.check('--against', against, '--format', 'json', ...header)
      expect([against, ended.code, verdicts(reportOf(ended))]).toEqual([against, 1, expected])
    }
  } finally {
    server.closeAllConnections()
    server.close()
  }
  expect(asked).toEqual(['Bearer key'])
})

test('the exit code says what came of it', { timeout: patient }, async () => {
  await using shop = await shopRepository(products)
  const against = ['--against', 'main'] as const
  expect((await shop.check(...against)).code).toBe(0)
  expect((await shop.check()).code).toBe(2)
  expect((await shop.check(...against, '--format', 'xml')).code).toBe(2)
  await shop.write('supergraph.yaml', 'subgraphs: 1')
  expect((await shop.check(...against)).code).toBe(2)
  await shop.write('supergraph.yaml', configuration)
  await shop.write('accepted.yaml', 'accepted: [{ change: FIELD_REMOVED }]')
  const unaccepted = await shop.check(...against, '--accept', 'accepted.yaml')
  expect([unaccepted.code, unaccepted.stderr]).toEqual([
    2,
    expect.stringContaining('accepted.yaml:1: "at" is'),
  ])
  await shop.write('products.graphql', products.replace('Colour\n', 'Color\n'))
  const broken = await shop.check(...against)
  expect([broken.code, broken.stdout]).toEqual([
    3,
    expect.stringMatching(/products\.graphql:10:11(.|\n)*composition failed/),
  ])
  await shop.write('products.graphql', products)
  for (const wrong of [
    ['nowhere'],
    ['main:nothing.graphql'],
    ['http://127.0.0.1:1/'],
    ['main', '--operations', 'none'],
  ]) {
    const ended = await shop.check('--against', ...wrong)
    expect([wrong, ended.code, ended.stdout]).toEqual([wrong, 4, ''])
    expect(ended.stderr).toMatch(/^ennead: (?:BASELINE|OPERATIONS)_UNREADABLE: [^\n]+\n$/)
  }
})

test(
  'accepted changes pass; entries that ended or do nothing are told with their lines',
  { timeout: patient },
  async () => {
    await using shop = await shopRepository()
    await shop.write(
      'accepted.yaml',
      `accepted:
  - { change: FIELD_REMOVED, at: Product.pri*, reason: the last client moved, until: 2999-12-31 }
  - { change: ENUM_VALUE_ADDED, at: Colour.BLUE, reason: once, until: 2020-01-01 }
  - { change: "*", at: Nothing, reason: never, until: 2999-12-31 }
`,
    )
    const argv = ['--against', 'main', '--accept', 'accepted.yaml', '--fail-on'] as const
    const ended = await shop.check(...argv, 'breaking', '--format', 'json')
    const report = reportOf(ended)
    expect([ended.code, report.outcome]).toEqual([0, 'passed'])
    expect(report.changes.map(({ accepted }) => accepted)).toEqual([
      { reason: 'the last client moved', until: '2999-12-31' },
      undefined,
    ])
    expect(report.findings).toMatchObject([
      { severity: 'warning', code: 'ACCEPTANCE_EXPIRED', locations: [{ file: 'accepted.yaml', line: 3 }] },
      { severity: 'notice', code: 'ACCEPTANCE_UNUSED', locations: [{ file: 'accepted.yaml', line: 4 }] },
    ])
    expect((await shop.check(...argv, 'dangerous')).code).toBe(1)
    expect((await shop.check('--against', 'main', '--fail-on', 'never')).code).toBe(0)
  },
)

test('what the pretty report offers to accept is what --accept takes', { timeout: patient }, async () => {
  await using shop = await shopRepository(changedProducts.replace('first: Int', 'first: Int!'))
  const failed = await shop.check('--against', 'main', '--fail-on', 'dangerous')
  expect(failed.code).toBe(1)
  await shop.write('accepted.yaml', failed.stdout.slice(failed.stdout.indexOf('\naccepted:\n')))
  const passed = await shop.check('--against', 'main', '--fail-on', 'dangerous', '--accept', 'accepted.yaml')
  expect([passed.code, passed.stdout]).toEqual([0, expect.stringContaining('3 accepted')])
})

test('--lint tells what is new since the baseline', { timeout: patient }, async () => {
  await using shop = await shopRepository(`${products}type bad_name { a: Int }\n`)
  const ended = await shop.check('--against', 'main', '--lint', 'naming', '--format', 'json')
  expect(ended.code).toBe(1)
  expect(reportOf(ended).findings).toMatchObject([
    { severity: 'error', code: 'LINT_NAMING', locations: [{ file: 'products.graphql', line: 13 }] },
  ])
  const mild = await shop.check('--against', 'main', '--lint', 'naming=warning', '--format', 'json')
  expect([mild.code, reportOf(mild).findings]).toMatchObject([
    0,
    [{ severity: 'warning', code: 'LINT_NAMING' }],
  ])
  const unknown = await shop.check('--against', 'main', '--lint', 'spelling')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('spelling')])
})

test('what composition hints at is told when it is new', { timeout: patient }, async () => {
  const shared = (description: string): string => `${description} type Money @shareable { cents: Int }\n`
  const link = products.split('\n')[0]?.replace('"@key"', '"@key", "@shareable"') ?? ''
  const rest = products.slice(products.indexOf('\n') + 1)
  const described = `${link}\n${rest}${shared('"An amount."')}`
  await using shop = await shopRepository(described)
  const reviews = await readFile(join(shop.path, 'reviews.graphql'), 'utf8')
  await shop.write(
    'reviews.graphql',
    `${reviews.replace('"@key"', '"@key", "@shareable"')}${shared('"Money."')}`,
  )
  const hints = async (...argv: readonly string[]): Promise<readonly string[]> => {
    const ended = await shop.check('--against', 'main', '--format', 'json', ...argv)
    expect(ended.code).toBe(0)
    return reportOf(ended).findings.map(({ severity, code }) => `${severity} ${code}`)
  }
  expect(await hints()).toEqual(['warning INCONSISTENT_DESCRIPTION'])
  expect(await hints('--hints', 'none')).toEqual([])
  await shop.git('commit', '--quiet', '--all', '--message=second')
  expect(await hints('--hints', 'notice')).toEqual([])
})

test('a server that answers an introspection without end is left', { timeout: patient }, async () => {
  await using shop = await shopRepository()
  const part = Buffer.alloc(1024 * 1024, ' ')
  const server = createServer((_request, response) => {
    const more = (): void => {
      while (response.write(part));
    }
    response.on('drain', more)
    more()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an AddressInfo.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  const ended = await shop.check('--against', url)
  server.closeAllConnections()
  server.close()
  expect([ended.code, ended.stderr]).toEqual([
    4,
    `ennead: BASELINE_UNREADABLE: --against ${url} answers more than 67108864 bytes; compare with a file instead\n`,
  ])
})
