import { mkdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shopRepository } from './shop-repository.ts'
import type { ShopRepository } from './shop-repository.ts'

/** For tests that start processes; with the whole suite on two cores each start takes seconds. Milliseconds. */
const patient = 240_000

interface Operations {
  readonly code: number | null
  /** `NAME: REQUESTS`, of the operations that lose `Product.price`. */
  readonly hurt: readonly string[]
  readonly share: number | undefined
  readonly operations: unknown
  readonly findings: readonly { readonly code: string; readonly message: string }[]
}

async function checked(shop: ShopRepository, ...argv: readonly string[]): Promise<Operations> {
  const { code, stdout, stderr } = await shop.check('--against', 'main', '--format', 'json', ...argv)
  expect(stderr).toBe('')
  // The form is what check.test.ts checks.
  const { changes, operations, findings } = JSON.parse(stdout) as {
    changes: { kind: string; operations: { name: string; requests?: number }[]; sharePercent?: number }[]
    operations: unknown
    findings: { code: string; message: string }[]
  }
  const removed = changes.find(({ kind }) => kind === 'FIELD_REMOVED')
  const hurt = removed?.operations.map(({ name, requests }) => `${name}: ${requests}`) ?? []
  return { code, hurt, share: removed?.sharePercent, operations, findings }
}

const price = 'query Price($id: ID!) { product(id: $id) { ...Costs } }'
const costs = 'fragment Costs on Product { price }'
const name = 'query Name($id: ID!) { product(id: $id) { name } }'

test('operations are found in folders, by globs and in manifests', { timeout: patient }, async () => {
  await using shop = await shopRepository()
  await mkdir(join(shop.path, 'app/shared'), { recursive: true })
  await shop.write('app/price.graphql', price)
  await shop.write('app/shared/costs.gql', costs)
  await shop.write('app/name.graphql', name)
  await shop.write('app/broken.graphql', 'query {')
  const manifest = {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [
      { id: 'a', name: 'Price', type: 'query', body: `${price} ${costs}` },
      { id: 'b', name: 'Name', type: 'query', body: name },
    ],
  }
  await shop.write('manifest.json', JSON.stringify(manifest, undefined, 2))
  await shop.write('map.json', JSON.stringify({ a: `${price} ${costs}`, b: name }))
  for (const source of ['app', 'app/**/*.{graphql,gql}', 'manifest.json', 'map.json']) {
    const { code, hurt, operations, findings } = await checked(shop, '--operations', source)
    expect([source, code, hurt, operations]).toEqual([
      source,
      1,
      ['Price: undefined'],
      { checked: 2, leftOut: 0, unusable: 0 },
    ])
    expect(findings.map(each => each.code)).toEqual(source.startsWith('app') ? ['OPERATION_UNREADABLE'] : [])
  }
  await shop.write('app/price.graphql', name.replace('Name', 'Other'))
  expect((await checked(shop, '--operations', 'app')).code).toBe(0)
})

const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString()
const count = (id: string, client: string, requests: number, ago: number): unknown => ({
  entry: 'count',
  id,
  client,
  requests,
  from: day(ago),
  until: day(ago),
})

test('the operation log decides whose requests count', { timeout: patient }, async () => {
  await using shop = await shopRepository()
  const entries = [
    { entry: 'document', id: 'a', name: 'Price', text: `${price} ${costs}` },
    { entry: 'document', id: 'b', name: 'Name', text: name },
    count('a', 'web', 20, 1),
    count('a', 'robot', 30, 40),
    count('b', 'web', 950, 1),
    { entry: 'omitted', requests: 7, from: day(1), until: day(1) },
  ]
  await shop.write(
    'operations.jsonl',
    `${entries.map(entry => JSON.stringify(entry)).join('\n')}\n{"entry":"cou`,
  )
  const log = ['--operations', 'operations.jsonl'] as const
  const whole = await checked(shop, ...log)
  expect(whole).toMatchObject({
    code: 1,
    hurt: ['Price: 50'],
    share: 5,
    operations: { checked: 2, leftOut: 0, unusable: 0, requests: 1000 },
    findings: [{ code: 'OPERATIONS_OMITTED', message: expect.stringContaining('7 requests') as string }],
  })
  expect((await checked(shop, ...log, '--ignored-clients', 'robot')).hurt).toEqual(['Price: 20'])
  expect((await checked(shop, ...log, '--seen-within-days', '7')).hurt).toEqual(['Price: 20'])
  for (const left of [
    ['--ignored-clients', 'robot,web'],
    ['--requests-min', '51'],
    ['--share-min-percent', '6'],
  ]) {
    const { code, hurt } = await checked(shop, ...log, ...left)
    expect([left, code, hurt]).toEqual([left, 0, []])
  }
  expect((await checked(shop, ...log, '--requests-min', '50', '--share-min-percent', '5')).hurt).toEqual([
    'Price: 50',
  ])
})

test('more operations than can be held are refused before they are read', { timeout: patient }, async () => {
  await using shop = await shopRepository()
  await shop.write('operations.jsonl', '')
  await truncate(join(shop.path, 'operations.jsonl'), 513 * 1024 * 1024)
  const { code, stderr } = await shop.check('--against', 'main', '--operations', 'operations.jsonl')
  expect([code, stderr]).toEqual([
    4,
    expect.stringMatching(/^ennead: OPERATIONS_UNREADABLE: .*operations\.jsonl .*536870912 bytes[^\n]*\n$/),
  ])
})
