// What it costs to know who asks: node bench/auth/main.ts
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIdentity } from '../../gateway/admission/identity.ts'
import { digestOf, HopSigner, requireBody } from '../../kernel/hop-signer.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import { silentLog } from '../../kernel/log.ts'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'

const rounds = 5
const tokens = 200
/** CPU µs of a request whose token was seen before; above it the exit code is 1. */
const goal = 10

const folder = await mkdtemp(join(tmpdir(), 'ennead-bench-'))
const domain = await openAuthDomain({
  path: join(folder, 'auth'),
  keysPath: join(folder, 'keys'),
  log: silentLog,
})
const results: Record<string, number> = {}
try {
  const { administration, apiKeys } = domain
  const workspace = await administration.createWorkspace({ slug: 'bench', name: 'Bench' })
  const { user } = await administration.createUser({ email: 'a@bench.example', displayName: 'A' })
  await administration.addMember(workspace.id, user.id, 'MEMBER')
  const signedIn = []
  for (let index = 0; index < tokens; index++) signedIn.push(await domain.issueAccessToken(user.email))
  const [first] = signedIn
  if (first === undefined) throw new Error('nobody has signed in')
  const given = { name: 'bench', scopes: undefined, expiresInDays: 1 }
  const { key } = await apiKeys.create(first.principal, given, {})
  const { signal } = new AbortController()
  const identity = createIdentity({
    identify: token => domain.identify({ kind: 'bearer', token }, { signal }),
    lifeMs: 600_000,
  })
  const authorizations = signedIn.slice(-100).map(({ accessToken }) => `Bearer ${accessToken}`)
  console.log(`CPU µs, median of ${rounds} rounds, Node ${process.version}`)
  results['remembered'] = await measured('a token that was seen before, at the gateway', 100_000, index =>
    identity.principalOf(authorizations[index % authorizations.length], signal),
  )
  const { accessToken } = signedIn.at(-1) ?? first
  results['token'] = await measured('a token, verified and looked up', 2_000, () =>
    domain.identify({ kind: 'bearer', token: accessToken }),
  )
  results['apiKey'] = await measured('an API key, looked up', 20_000, () =>
    domain.identify({ kind: 'bearer', token: key }),
  )
  const signer = new HopSigner(randomBytes(32))
  const target = { audience: 'db', method: 'POST', path: '/graphql', body: 'x'.repeat(1_000) }
  const hop = { requestId: 'r', principal: first.principal, remainingMs: 500, signal }
  results['hop'] = await measured('a hop of 1,000 bytes, signed and opened', 20_000, () => {
    const assertion = signer.headers(hop, target)[hopHeaders.assertion] ?? ''
    requireBody(signer.open(assertion, target), digestOf(target.body))
  })
  const met = (results['remembered'] ?? Number.NaN) <= goal
  console.log(`goal ${goal} for what was seen before: ${met ? 'met' : 'missed'}`)
  if (!met) process.exitCode = 1
  console.log(JSON.stringify({ benchmark: 'auth', unit: 'CPU µs', ...results }))
} finally {
  await domain.close()
  await rm(folder, { recursive: true, force: true })
}

async function measured(what: string, count: number, run: (index: number) => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    for (let index = 0; index < count; index++) await run(index)
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / count)
  }
  const median = times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
  console.log(`${median.toFixed(2).padStart(9)}  ${what}`)
  return Math.round(median * 100) / 100
}
