// What all of authentication and authorisation adds to a small query at a gateway: npm run bench:auth-overhead
// Gateways in turn on one core: one that looks at no credential, and one that has each token verified by the auth subgraph,
// decides field by field who may see what, and signs every call to a subgraph for the principal. Between them, to tell what
// belongs to what, one that only signs, and one that decides nothing.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { request } from 'undici'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { silentLog } from '../../kernel/log.ts'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'
import { createAuthService } from '../../subgraphs/auth/service.ts'
import { startGateway } from '../gateway/gateway-process.ts'
import type { Gateway, GatewayProcess } from '../gateway/gateway-process.ts'
import { ennead } from '../gateway/gateways.ts'
import { subgraphSchemas, supergraphSdl } from '../gateway/graph.ts'
import { load } from '../gateway/load.ts'
import { scenarios } from '../gateway/scenarios.ts'
import { serveSubgraphs } from '../gateway/subgraph-server.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64' },
    /** Only the first and the last: more pairs in the same time. */
    pair: { type: 'boolean', default: false },
  },
})
const tokens = 100
const warmSeconds = 10
/** Per cent of the CPU time of the query without; above it the exit code is 1. */
const goal = 15

const small = scenarios.find(({ name }) => name === 'small')
if (small === undefined) throw new Error('the small scenario is gone')
const pinned = availableParallelism() > 1
// This process takes the second core, with the subgraphs.
if (pinned) execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })

/** Most of what the query asks for needs a sign-in, and some of it a scope. */
function protectedSdl(sdl: string): string {
  return sdl
    .replace('federation/v2.3', 'federation/v2.9')
    .replace('"@key"', '"@key", "@authenticated", "@requiresScopes"')
    .replace('description: String }', 'description: String @requiresScopes(scopes: [["tasks:read"]]) }')
    .replace('name: String  price: Int ', 'name: String @authenticated  price: Int ')
    .replace('body: String\n', 'body: String @authenticated\n')
}

const folder = mkdtempSync(join(tmpdir(), 'ennead-bench-'))
const secret = randomBytes(32)
const subgraphs = await serveSubgraphs(subgraphSchemas(), new HopSigner(secret))
const domain = await openAuthDomain({
  path: join(folder, 'auth'),
  keysPath: join(folder, 'keys'),
  log: silentLog,
})
const typeDefs = readFileSync(join(import.meta.dirname, '../../schema/auth.graphql'), 'utf8')
const service = createAuthService(domain, { typeDefs, signer: new HopSigner(secret), log: silentLog })
try {
  const { administration } = domain
  const workspace = await administration.createWorkspace({ slug: 'bench', name: 'Bench' })
  const { user } = await administration.createUser({ email: 'a@bench.example', displayName: 'A' })
  await administration.addMember(workspace.id, user.id, 'MEMBER')
  // A user has a hundred sessions at most; tokens of those that were ended would be refused.
  const credentials: string[] = []
  for (let index = 0; index < tokens / 50; index++) {
    const email = `user${index}@bench.example`
    const made = await administration.createUser({ email, displayName: 'A' })
    await administration.addMember(workspace.id, made.user.id, 'MEMBER')
    for (let session = 0; session < 50; session++) {
      credentials.push((await domain.issueAccessToken(email)).accessToken)
    }
  }
  const auth = await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (auth.kind !== 'tcp') throw new Error('auth does not listen on TCP')

  const open = join(folder, 'open.graphql')
  const guarded = join(folder, 'guarded.graphql')
  writeFileSync(open, supergraphSdl(subgraphs.port))
  const guardedSdl = supergraphSdl(subgraphs.port, protectedSdl)
  if (!guardedSdl.includes('@requiresScopes(scopes') || !guardedSdl.includes('@authenticated')) {
    throw new Error('nothing is protected')
  }
  writeFileSync(guarded, guardedSdl)
  // Each gateway works a part of the time: asking for each token again as often as one that works all the time, by requests.
  const lifeMs = (values.pair ? 2 : 4) * 10_000
  const identity = ['--identity-url', `http://127.0.0.1:${auth.port}`, '--identity-life-ms', String(lifeMs)]
  const secretFile = join(folder, 'hop')
  writeFileSync(secretFile, secret.toString('base64url'), { mode: 0o600 })
  const hops = ['--hop-secret-file', secretFile]
  /** Each does what the one before it does, and more. */
  const all: readonly (Gateway & { readonly adds: string })[] = [
    { name: 'without', adds: 'nothing', argv: ennead(open) },
    { name: 'hops', adds: 'signed hops, for nobody', argv: ennead(open, hops) },
    {
      name: 'identity',
      adds: 'whose token it is, in hops too; not compared with other requests at the door',
      argv: ennead(open, [...identity, ...hops]),
    },
    { name: 'with', adds: 'who may see which field', argv: ennead(guarded, [...identity, ...hops]) },
  ]
  const measured = values.pair ? all.filter(({ name }) => name.startsWith('with')) : all

  const body = JSON.stringify({ query: small.query })
  const connections = Number(values.connections)
  /** By round, CPU µs of a request at each gateway. */
  const rounds: (readonly number[])[] = []
  const start = (gateway: Gateway): Promise<GatewayProcess> => startGateway(gateway, pinned ? 0 : undefined)
  const answerTo = async (port: number, headers: Record<string, string>): Promise<string> => {
    const answered = await request(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    return answered.body.text()
  }
  const answersAll = async (port: number): Promise<void> => {
    const text = await answerTo(port, { authorization: `Bearer ${credentials[0]}` })
    if (text.includes('"errors"')) throw new Error(text.slice(0, 300))
  }
  /** What is measured must be there: without a credential the protected fields are null. */
  const refusesStrangers = async (port: number): Promise<void> => {
    const text = await answerTo(port, {})
    if (!text.includes('"name":null') || !text.includes('UNAUTHENTICATED')) {
      throw new Error(`a stranger is answered ${text.slice(0, 300)}`)
    }
  }
  const gateways: GatewayProcess[] = []
  try {
    for (const gateway of measured) gateways.push(await start(gateway))
    for (const { port } of gateways) await answersAll(port)
    const guarding = gateways.at(-1)
    if (guarding !== undefined) await refusesStrangers(guarding.port)
    /** CPU µs of a request. */
    const cost = async (running: GatewayProcess, seconds: number): Promise<number> => {
      const before = await running.usage()
      const asked = { port: running.port, body, unique: true, connections, credentials }
      const done = await load({ ...asked, seconds })
      if (done.failed > 0) throw new Error(`${done.failed} requests failed`)
      return ((await running.usage()).cpuUs - before.cpuUs) / done.requests
    }
    for (const running of gateways) await cost(running, warmSeconds)
    // In turn and shortly, every other time backwards, so that what else the machine does meets all of them.
    for (let round = 0; round < Number(values.rounds); round++) {
      const inTurn = round % 2 === 0 ? gateways : gateways.toReversed()
      const found = new Map<GatewayProcess, number>()
      for (const running of inTurn) found.set(running, await cost(running, Number(values.seconds)))
      const costs = gateways.map(running => found.get(running) ?? Number.NaN)
      rounds.push(costs)
      console.log(measured.map(({ name }, index) => `${name} ${costs[index]?.toFixed(0)} µs`).join(', '))
    }
  } finally {
    await Promise.all(gateways.map(running => running.stop()))
  }
  /** Per cent above the gateway without, in the same round. */
  const percents = (index: number): readonly number[] =>
    rounds.map(costs => ((costs[index] ?? Number.NaN) / (costs[0] ?? Number.NaN) - 1) * 100)
  const figures = measured.map(({ name, adds }, index) => ({
    name,
    adds,
    us: median(rounds.map(costs => costs[index] ?? Number.NaN)),
    percent: median(percents(index)),
  }))
  for (const { name, adds, us, percent } of figures) {
    console.log(`${name.padEnd(8)} ${us.toFixed(0).padStart(4)} µs  +${percent.toFixed(1)} %  (adds ${adds})`)
  }
  const percent = figures.at(-1)?.percent ?? Number.NaN
  const [low, high] = interval(percents(measured.length - 1))
  const met = percent <= goal
  console.log(
    `+${percent.toFixed(1)} %, median of ${rounds.length} pairs, 95 % interval ${low.toFixed(1)} to ${high.toFixed(1)}; goal ${goal} %: ${met ? 'met' : 'missed'}`,
  )
  if (!met) process.exitCode = 1
  console.log(
    JSON.stringify({
      benchmark: 'auth-overhead',
      unit: 'CPU µs per request',
      ...Object.fromEntries(figures.map(({ name, us }) => [name, Math.round(us)])),
      percent: Math.round(percent * 10) / 10,
      interval: [low, high].map(bound => Math.round(bound * 10) / 10),
      node: process.version,
    }),
  )
} finally {
  await service.close()
  await domain.close()
  subgraphs.close()
  rmSync(folder, { recursive: true, force: true })
}

function median(figures: readonly number[]): number {
  return figures.toSorted((left, right) => left - right)[Math.floor(figures.length / 2)] ?? Number.NaN
}

/** Between which the median of all such pairs is, with 95 % confidence, whatever their distribution: by rank (binomial). */
function interval(figures: readonly number[]): readonly [low: number, high: number] {
  const sorted = figures.toSorted((left, right) => left - right)
  const [middle, reach] = [figures.length / 2, 0.98 * Math.sqrt(figures.length)]
  const low = sorted[Math.max(0, Math.floor(middle - reach))]
  const high = sorted[Math.min(figures.length - 1, Math.ceil(middle + reach))]
  return [low ?? Number.NaN, high ?? Number.NaN]
}
