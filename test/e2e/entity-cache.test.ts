import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compose } from '../../composition/compose.ts'
import { reviewsSdl } from '../support/reviews-sdl.ts'
import { servedSubgraph } from '../support/served-subgraph.ts'
import { federation } from '../support/composed.ts'
import { root } from '../tidy/source-files.ts'
import { startEnnead, temporaryFolder } from './running-ennead.ts'

const products = {
  sdl: `type Query { products: [Product] product(id: ID!): Product } type Product @key(fields: "id") { id: ID! name: String }`,
  resolvers: {
    Query: {
      products: () => ['1', '2'].map(id => ({ id, name: `P${id}` })),
      product: (_: unknown, { id }: { id: string }) => ({ id }),
    },
  },
}

interface Reviews extends AsyncDisposable {
  readonly url: string
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

async function startReviews(port: string, text: string): Promise<Reviews> {
  const file = join(root, 'test/support/reviews-server.ts')
  const child: ChildProcess = spawn(process.execPath, [file, port, text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise(resolve => child.once('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', chunk => {
      const found = /^ready (\S+)$/m.exec(String(chunk))?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('close', code => reject(new Error(`the subgraph ended with ${code}`)))
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
  }
  return { url, kill, [Symbol.asyncDispose]: kill }
}

interface Answer {
  readonly data: { readonly products?: readonly { readonly reviews: readonly { readonly text: string }[] }[] }
  readonly errors?: readonly { readonly path: unknown; readonly extensions: { readonly code: string } }[]
  readonly extensions?: { readonly ennead?: { readonly degraded?: readonly Record<string, unknown>[] } }
}

async function ask(url: string, query: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  // A test that relies on more of it fails.
  return (await response.json()) as Answer
}

const listed = '{ products { id reviews { text } } }'

function textsOf({ data }: Answer): readonly string[] {
  return data.products?.flatMap(({ reviews }) => reviews.map(({ text }) => text)) ?? []
}

test('a subgraph is killed under load: its answers are given marked as stale, and fresh ones when it is back', async () => {
  await using catalog = await servedSubgraph(products)
  await using first = await startReviews('0', 'first')
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  const composed = compose([
    {
      name: 'products',
      routingUrl: catalog.url,
      sdl: `${federation}\n${products.sdl}`,
      file: 'products.graphql',
    },
    { name: 'reviews', routingUrl: first.url, sdl: reviewsSdl, file: 'reviews.graphql' },
  ])
  if (!composed.ok) throw new Error('it does not compose')
  await writeFile(path, composed.sdl)
  const flags = [
    '--supergraph',
    path,
    '--port',
    '0',
    '--entity-cache',
    '--control',
    join(folder.path, 'control'),
  ]
  await using gateway = await startEnnead(['gateway', ...flags])
  const { url } = gateway
  expect(textsOf(await ask(url, listed))).toEqual(['first 1', 'first 2'])

  const answers: Answer[] = []
  const names: Answer[] = []
  const enough = new AbortController()
  const load = Array.from({ length: 4 }, async (_, index) => {
    while (!enough.signal.aborted) {
      // One of them asks only what the compiled tier answers.
      if (index === 0) names.push(await ask(url, '{ products { name } }'))
      else answers.push(await ask(url, listed))
    }
  })
  const count =
    (is: (answer: Answer) => boolean): (() => number) =>
    () =>
      answers.filter(is).length
  const isStale = ({ extensions }: Answer): boolean => extensions?.ennead?.degraded !== undefined
  await expect
    .poll(
      count(() => true),
      { timeout: 20_000 },
    )
    .toBeGreaterThan(10)
  await first.kill()
  await expect.poll(count(isStale), { timeout: 20_000 }).toBeGreaterThan(10)
  const unknown = await ask(url, '{ product(id: 3) { id reviews { text } } }')
  expect(unknown.data).toEqual({ product: { id: '3', reviews: null } })
  expect(unknown.errors?.map(error => error.path)).toEqual([['product', 'reviews']])
  const known = await ask(url, '{ mine: product(id: 2) { reviews { text } } }')
  expect(known).toMatchObject({ data: { mine: { reviews: [{ text: 'first 2' }] } } })
  expect(known.errors).toBeUndefined()
  expect(known.extensions?.ennead?.degraded?.map(mark => mark['path'])).toEqual([['mine', 'reviews']])

  await using second = await startReviews(new URL(first.url).port, 'second')
  expect(second.url).toBe(first.url)
  const isNew = (answer: Answer): boolean => textsOf(answer)[0] === 'second 1'
  await expect.poll(count(isNew), { timeout: 20_000 }).toBeGreaterThan(10)
  enough.abort()
  await Promise.all(load)

  for (const answer of answers) {
    expect(answer.errors).toBeUndefined()
    expect(textsOf(answer)).toEqual(isNew(answer) ? ['second 1', 'second 2'] : ['first 1', 'first 2'])
    if (!isStale(answer)) continue
    const mark = { subgraph: 'reviews', agent: 'entity-cache', reason: 'stale', ageMs: expect.any(Number) }
    expect(answer.extensions?.ennead?.degraded).toEqual([
      { path: ['products', 0, 'reviews'], ...mark },
      { path: ['products', 1, 'reviews'], ...mark },
    ])
  }
  expect(new Set(names.map(answer => JSON.stringify(answer)))).toEqual(
    new Set(['{"data":{"products":[{"name":"P1"},{"name":"P2"}]}}']),
  )
}, 120_000)
