import { parseArgs } from 'node:util'
import { findMongo } from '../services/mongo.ts'
import { findPostgres } from '../services/postgres.ts'
import { findRedis } from '../services/redis.ts'
import { storeNames } from './stores.ts'
import { faultKinds, torture } from './torture.ts'

// Kills, freezes, cuts and empties real stores under load from two processes: npm run torture -- --minutes 10 --seed 1
// Some faults of some stores only: --faults kill,empty --stores sql
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'string', default: faultKinds.join() },
    stores: { type: 'string', default: storeNames.join() },
  },
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('--minutes is a number above 0, --seed is an integer\n')
  process.exit(2)
}
const kinds = wordsOf(values.faults, faultKinds, '--faults')
const stores = wordsOf(values.stores, storeNames, '--stores')
const [postgres, mongo, redis] = [findPostgres(), findMongo(), findRedis()]
if (postgres === undefined || mongo === undefined || redis === undefined) {
  process.stderr.write('PostgreSQL, MongoDB and Redis are needed: npm run services\n')
  process.exit(2)
}
const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort())
const tell = (line: string): void => void process.stderr.write(`${line}\n`)
const report = await torture({
  minutes,
  seed,
  kinds,
  stores,
  signal: ending.signal,
  postgres,
  mongo,
  redis,
  tell,
})
process.stdout.write(`${JSON.stringify({ seed, minutes, ...report })}\n`)
process.exit(report.wrong.length > 0 ? 1 : 0)

/** Those of `known` that are named, separated by commas; ends the process when another is. */
function wordsOf<T extends string>(given: string, known: readonly T[], option: string): readonly T[] {
  const words = given.split(',')
  const named = known.filter(one => words.includes(one))
  if (named.length !== words.length) {
    process.stderr.write(`${option} is some of ${known.join()}, separated by commas\n`)
    process.exit(2)
  }
  return named
}
