import { expect, test } from 'vitest'
import { answerText, answerWire } from '../../gateway/admission/answer-text.ts'
import { extended } from '../../gateway/execution/compiled/spliced-answer.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { contextForTest, federated } from '../support/federated.ts'

/** More than the compiled tier makes text of. */
const things = Array.from({ length: 1_500 }, (_, index) => ({
  id: `Æ${index}`,
  name: index % 7 === 0 ? null : `thing "${index}" \\ ☃`,
  size: index / 3,
}))

const shop = () =>
  federated(
    {
      things: {
        sdl: 'type Query { things: [Thing!]  few: [Thing!] }  type Thing @key(fields: "id") { id: ID!  name: String  size: Float }',
        resolvers: { Query: { things: () => things, few: () => things.slice(0, 2) } },
      },
      others: { sdl: 'type Query { one: Int }', resolvers: { Query: { one: () => 1 } } },
    },
    { compiledAfter: 0 },
  )

const query = '{ few { id } things { id name size } one again: things { size } __typename }'
const expected = {
  few: [{ id: 'Æ0' }, { id: 'Æ1' }],
  things,
  one: 1,
  again: things.map(({ size }) => ({ size })),
  __typename: 'Query',
}

test('large values are taken as the bytes they came as, between what is text', async () => {
  const { ask, engine, spliced } = shop()
  expect(JSON.stringify(await ask(query))).toBe(JSON.stringify({ data: expected }))
  expect(spliced()).toBe(1)
  const answer = await engine.execute(await engine.prepare({ query }, undefined), contextForTest())
  expect(answerText(answer, 1e9)).toBe(JSON.stringify({ data: expected }))
  const { parts, bytes } = answerWire(answer, 1e9)
  expect(parts.map(part => typeof part)).toEqual([
    'string',
    'string',
    'object',
    'string',
    'object',
    'string',
    'string',
  ])
  expect(bytes).toBe(Buffer.byteLength(JSON.stringify({ data: expected })))
  expect(() => answerWire(answer, bytes - 1)).toThrow(`the answer is larger than ${bytes - 1} bytes`)
  const told = extended(answer, { note: 'Æ' })
  expect(answerText(told, 1e9)).toBe(JSON.stringify({ data: expected, extensions: { note: 'Æ' } }))
})

test('what is wrong in a large value is found in its last byte, too', async () => {
  const { ask, spliced, subgraph } = shop()
  subgraph('things').intercept = async () => ({
    data: { things: [...things.map(({ id }) => ({ id })), { id: null }] },
  })
  expect(await ask('{ things { id } }')).toMatchObject({
    data: { things: null },
    errors: [{ path: ['things', 1500, 'id'] }],
  })
  expect(spliced()).toBe(0)
})

test('over HTTP it is written whole, to several who wait for the same as well, and to whoever waits for none', async () => {
  const { engine } = shop()
  const server = await startGatewayServer({
    engine,
    log: silentLog,
    address: { host: '127.0.0.1', port: 0 },
  })
  try {
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      })
      const body = Buffer.from(await response.arrayBuffer())
      expect(response.headers.get('content-length')).toBe(String(body.length))
      return body.toString()
    }
    const text = JSON.stringify({ data: expected })
    expect(await ask({})).toBe(text)
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, index) => ask(index < 6 ? {} : { 'user-agent': `${index}` })),
    )
    for (const each of all) expect(each).toBe(text)
  } finally {
    await server.close(0)
    await engine.close()
  }
})
