import { Agent, request } from 'undici'
import { expect, test } from 'vitest'
import type { AdmissionReport } from '../../gateway/admission/admission.ts'
import type { AdmissionOptions } from '../../gateway/admission/admission-options.ts'
import type { GatewayLimits } from '../../gateway/admission/gateway-limits.ts'
import type { Engine, GraphQLAnswer } from '../../gateway/engine.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { sleep, systemClock } from '../../kernel/clock.ts'
import { jsonLog, silentLog } from '../../kernel/log.ts'
import { noSupergraph } from '../support/no-supergraph.ts'
import { until } from '../support/until.ts'

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly code: string | undefined
  readonly extensions: Readonly<Record<string, unknown>>
}

/** An engine of `servers` that each need `workMs`, and that notes whatever it was given too late. */
function slowEngine(servers: number, workMs: number) {
  const seen = { prepared: 0, executed: 0, expired: 0, running: 0, most: 0 }
  const line: (() => void)[] = []
  let busy = 0
  const work = async (signal: AbortSignal): Promise<GraphQLAnswer> => {
    if (busy >= servers) await new Promise<void>(resolve => line.push(resolve))
    else busy++
    try {
      await sleep(systemClock, workMs, signal)
      return { data: { done: true } }
    } catch {
      return { data: null, errors: [{ message: 'late', extensions: { code: 'DEADLINE_EXCEEDED' } }] }
    } finally {
      const next = line.shift()
      if (next === undefined) busy--
      else next()
    }
  }
  const engine: Engine = {
    prepare({ query, operationName }) {
      seen.prepared++
      const kind = query.startsWith('mutation') ? 'mutation' : 'query'
      return Promise.resolve({ kind, name: operationName })
    },
    async execute(_operation, context) {
      seen.executed++
      seen.running++
      seen.most = Math.max(seen.most, seen.running)
      if (context.remainingMs <= 0 || context.signal.aborted) seen.expired++
      const answer = await work(context.signal)
      seen.running--
      return answer
    },
    executeIncrementally: () => {
      throw new Error('nothing is deferred')
    },
    subscribe: () => {
      throw new Error('there are none here')
    },
    health: () => ({ ready: true, supergraph: noSupergraph, subgraphs: [] }),
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  return { engine, seen }
}

async function gateway(
  engine: Engine,
  admission: AdmissionOptions,
  limits: Partial<GatewayLimits> = { requestTimeoutMs: 300, mutationTimeoutMs: 1_000 },
) {
  const lines: string[] = []
  const log = jsonLog({ level: 'info', write: line => lines.push(line) })
  // The event loop of a test machine is nobody's promise.
  const sources = { eventLoopMs: () => 0, heapShare: () => 0 }
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log,
    limits,
    admission: { gaugeEveryMs: 10, gaugeWeight: 1, gaugeHoldMs: 50, sources, ...admission },
  })
  const origin = `http://127.0.0.1:${server.address.port}`
  const dispatcher = new Agent({ connections: 500 })
  return {
    lines,
    async ask(
      body: object,
      { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
    ): Promise<Answer> {
      const response = await request(`${origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        dispatcher,
        ...(signal === undefined ? {} : { signal }),
      })
      // Every answer of the gateway has this shape.
      const { errors } = (await response.body.json()) as {
        errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[]
      }
      const extensions = errors?.[0]?.extensions ?? {}
      const retryAfter = response.headers['retry-after']
      return {
        status: response.statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        code: typeof extensions['code'] === 'string' ? extensions['code'] : undefined,
        extensions,
      }
    },
    async ready(): Promise<{ readonly status: number; readonly admission: AdmissionReport }> {
      const response = await request(`${origin}/health/ready`, { dispatcher })
      // The router writes admission's report.
      const { admission } = (await response.body.json()) as { admission: AdmissionReport }
      return { status: response.statusCode, admission }
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.close()
      await server.close(0)
    },
  }
}

const query = { query: '{ tasks }' }
const mutation = { query: 'mutation { add }' }
const single = { concurrencyMin: 1, concurrencyMax: 1, concurrencyInitial: 1 }

test('at four times its capacity it keeps answering what is critical, in time, and recovers when the load stops', async () => {
  const { engine, seen } = slowEngine(5, 20)
  const queueMax = 40
  await using door = await gateway(engine, {
    concurrencyMin: 5,
    concurrencyInitial: 5,
    concurrencyMax: 20,
    queueMax,
  })
  // 250 a second are possible, 1,000 come: 40 of them critical.
  const answers: { readonly critical: boolean; readonly answer: Promise<Answer> }[] = []
  let longest = 0
  for (let round = 0; round < 100; round++) {
    for (let index = 0; index < 20; index++) {
      const critical = index === 0
      answers.push({ critical, answer: door.ask(critical ? mutation : query) })
    }
    await sleep(systemClock, 20)
    if (round % 10 !== 9) continue
    const { waiting } = (await door.ready()).admission
    longest = Math.max(longest, waiting.critical + waiting.default + waiting.sheddable)
  }
  const told = await Promise.all(
    answers.map(async ({ critical, answer }) => ({ critical, ...(await answer) })),
  )

  const important = told.filter(({ critical }) => critical)
  expect(important.filter(({ status }) => status === 200).length / important.length).toBeGreaterThan(0.98)
  const refused = told.filter(({ code }) => code === 'OVERLOADED')
  expect(refused.length).toBeGreaterThan(told.length / 3)
  for (const { status, retryAfter, extensions } of refused) {
    expect(status).toBe(503)
    expect(Number(retryAfter)).toBe(Math.ceil(Number(extensions['retryAfterMs']) / 1_000))
    expect(Number(retryAfter)).toBeGreaterThanOrEqual(1)
  }
  expect(longest).toBeGreaterThan(0)
  expect(longest).toBeLessThanOrEqual(queueMax)
  expect(seen.most).toBeLessThanOrEqual(20)
  expect(seen.expired).toBe(0)
  // Most refusals cost no parsing.
  expect(seen.prepared).toBeLessThan(told.length - refused.length / 2)
  expect(door.lines.filter(line => line.includes('OVERLOADED'))).toEqual([])

  await until('everything has ended', async () => (await door.ready()).admission.running === 0)
  const calm = await Promise.all(Array.from({ length: 5 }, () => door.ask(query)))
  expect(calm.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
}, 60_000)

test('a request that waited until its time was over is answered 504 and never executed', async () => {
  const { engine, seen } = slowEngine(1, 600)
  await using door = await gateway(engine, single)
  const first = door.ask(mutation)
  await until('it runs', () => seen.running === 1)
  const second = await door.ask(query)
  expect(second).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' })
  expect((await first).status).toBe(200)
  expect(seen.executed).toBe(1)
})

test('a client that leaves the line frees its place, and its work is never executed', async () => {
  const { engine, seen } = slowEngine(1, 300)
  await using door = await gateway(engine, { ...single, queueMax: 1 })
  const first = door.ask(mutation)
  await until('it runs', () => seen.running === 1)
  const leave = new AbortController()
  const leaving = door.ask(mutation, { signal: leave.signal }).catch(() => 'left')
  await until('it waits', async () => (await door.ready()).admission.waiting.critical === 1)
  expect(await door.ask(mutation)).toMatchObject({ status: 503, extensions: { reason: 'full' } })
  leave.abort()
  expect(await leaving).toBe('left')
  await until('its place is free', async () => (await door.ready()).admission.waiting.critical === 0)
  const next = door.ask(mutation)
  expect([(await first).status, (await next).status]).toEqual([200, 200])
  expect(seen.executed).toBe(2)
})

test('near a cascade first what is sheddable is refused, then all but essential services; health says why', async () => {
  const { engine, seen } = slowEngine(5, 1)
  let risk = 0.75
  await using door = await gateway(engine, { risk: () => risk, essentialOperations: ['Board'] })
  const mode = async (): Promise<string> => (await door.ready()).admission.state.mode
  const codes = async (): Promise<unknown[]> => {
    const asked = [
      door.ask(query, { headers: { 'x-priority': 'sheddable' } }),
      door.ask({ query: '{ __schema { types { name } } }' }),
      door.ask(query, { headers: { 'x-priority': 'critical' } }),
      door.ask({ query: 'query Board { tasks }', operationName: 'Board' }),
      door.ask(mutation),
    ]
    return (await Promise.all(asked)).map(({ status }) => status)
  }
  await until('it sheds', async () => (await mode()) === 'shedding')
  expect(await codes()).toEqual([503, 503, 200, 200, 200])
  risk = 0.95
  await until('it serves only what is essential', async () => (await mode()) === 'essential')
  const prepared = seen.prepared
  expect(await codes()).toEqual([503, 503, 503, 200, 200])
  // What was refused was not even parsed.
  expect(seen.prepared).toBe(prepared + 2)
  const { status, admission } = await door.ready()
  expect(status).toBe(200)
  expect(admission.state).toMatchObject({ mode: 'essential', because: ['risk'] })
  expect(admission.gauges.risk).toBe(0.95)
  risk = 0
  await until('it serves everybody again', async () => (await mode()) === 'normal')
  expect(await codes()).toEqual([200, 200, 200, 200, 200])
  const changes = door.lines.filter(line => line.includes('"admission.mode"'))
  expect(changes.map(line => (JSON.parse(line) as { to: string }).to)).toEqual([
    'shedding',
    'essential',
    'normal',
  ])
})

test('numbers that make no sense stop the start, with the name and the value', async () => {
  const { engine } = slowEngine(1, 1)
  await expect(gateway(engine, { queueMax: 0 })).rejects.toThrow(/admission.queueMax must be .* got 0/)
})

test('pages of allowed origins may ask to be refused first', async () => {
  const { engine } = slowEngine(1, 1)
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log: silentLog,
    origins: ['https://app.example.com'],
  })
  try {
    const { headers } = await fetch(server.url.replace('localhost', '127.0.0.1'), {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-headers': 'x-priority' },
    })
    expect(headers.get('access-control-allow-headers')).toContain('x-priority')
  } finally {
    await server.close(0)
  }
})
