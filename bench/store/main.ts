// What the domain db costs beside plain SQL on the same PostgreSQL: node bench/store/main.ts [--only create,update] [--rounds 5]
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuTimes } from './cpu-time.ts'
import { openSubjects, type Operations } from './operations.ts'

const tasks = 2_000
/** A page of a list is work for the server; more at once only wait for each other. */
const inFlight = { create: 64, update: 64, strongRead: 64, sessionRead: 64, list: 8 } as const
const { values: given } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '5' } },
})
const rounds = Number(given.rounds)
const counts = { create: 2_000, update: 2_000, strongRead: 8_000, sessionRead: 8_000, list: 1_000 } as const
/** CPU, of client and server together, in multiples of plain SQL's. */
const goals: Partial<Record<keyof Operations, number>> = { create: 3, sessionRead: 1.2 }

type Name = keyof Operations
interface Measured {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly clientUs: number
  readonly serverUs: number
}

await using subjects = await openSubjects(tasks)
const postmaster = Number(
  readFileSync(join(subjects.server.socketDirectory, '.s.PGSQL.5432.lock'), 'utf8').split('\n')[0],
)
console.log(
  `Node ${process.version}, embedded PostgreSQL and two LMDB, median of ${rounds} rounds side by side`,
)
console.log('                        rate/s   p50 ms   p99 ms   CPU µs: client   server      all   ratio')
const results: Record<string, unknown> = {}
// The keys of `counts` are all operations.
const names = (Object.keys(counts) as Name[]).filter(name => given.only?.split(',').includes(name) ?? true)
for (const name of names) {
  const ours: Measured[] = []
  const plain: Measured[] = []
  for (let round = 0; round < rounds; round++) {
    ours.push(await measure(subjects.ennead, name))
    plain.push(await measure(subjects.plain, name))
  }
  const ratio = median(ours.map((one, round) => all(one) / all(plain[round] ?? one)))
  const goal = goals[name]
  const judged = goal === undefined ? '' : `   goal ${goal}: ${ratio <= goal ? 'met' : 'missed'}`
  show(`${name}, ennead`, ours, `${ratio.toFixed(2)}${judged}`)
  show(`${name}, plain SQL`, plain, '')
  results[name] = { ratio: Number(ratio.toFixed(2)), ennead: summary(ours), plain: summary(plain) }
}
console.log(JSON.stringify({ benchmark: 'store', unit: 'CPU µs per operation', inFlight, results }))

async function measure(subject: Operations, name: Name): Promise<Measured> {
  const count = counts[name]
  const times: number[] = []
  let next = 0
  const before = cpuTimes(postmaster)
  const startMs = performance.now()
  await Promise.all(
    Array.from({ length: inFlight[name] }, async () => {
      for (let turn = next++; turn < count; turn = next++) {
        const sentMs = performance.now()
        await subject[name](turn)
        times.push(performance.now() - sentMs)
      }
    }),
  )
  const tookMs = performance.now() - startMs
  const after = cpuTimes(postmaster)
  times.sort((a, b) => a - b)
  return {
    rate: (count / tookMs) * 1_000,
    p50: times[Math.floor(count * 0.5)] ?? 0,
    p99: times[Math.floor(count * 0.99)] ?? 0,
    clientUs: ((after.client - before.client) / count) * 1e6,
    serverUs: ((after.server - before.server) / count) * 1e6,
  }
}

function all({ clientUs, serverUs }: Measured): number {
  return clientUs + serverUs
}

function summary(rounds: readonly Measured[]): Readonly<Record<string, number>> {
  const of = (part: (one: Measured) => number): number => Number(median(rounds.map(part)).toFixed(2))
  return {
    rate: Math.round(of(one => one.rate)),
    p50Ms: of(one => one.p50),
    p99Ms: of(one => one.p99),
    clientUs: Math.round(of(one => one.clientUs)),
    serverUs: Math.round(of(one => one.serverUs)),
  }
}

function show(name: string, rounds: readonly Measured[], told: string): void {
  const { rate = 0, p50Ms = 0, p99Ms = 0, clientUs = 0, serverUs = 0 } = summary(rounds)
  const cells = [String(rate).padStart(8), p50Ms.toFixed(2).padStart(8), p99Ms.toFixed(2).padStart(8)]
  const cpu = [clientUs, serverUs, clientUs + serverUs].map(us => String(us).padStart(8))
  console.log(`${name.padEnd(22)} ${cells.join(' ')}         ${cpu.join(' ')}   ${told}`)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
