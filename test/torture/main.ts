import { parseArgs } from 'node:util'
import { findMongo } from '../services/mongo.ts'
import { findPostgres } from '../services/postgres.ts'
import { findRedis } from '../services/redis.ts'
import { torture } from './torture.ts'

// Kills, freezes, cuts and empties real stores under load from two processes: npm run torture -- --minutes 10 --seed 1
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' } },
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('--minutes is a number above 0, --seed is an integer\n')
  process.exit(2)
}
const [postgres, mongo, redis] = [findPostgres(), findMongo(), findRedis()]
if (postgres === undefined || mongo === undefined || redis === undefined) {
  process.stderr.write('PostgreSQL, MongoDB and Redis are needed: npm run services\n')
  process.exit(2)
}
const tell = (line: string): void => void process.stderr.write(`${line}\n`)
const report = await torture({ minutes, seed, postgres, mongo, redis, tell })
process.stdout.write(`${JSON.stringify({ seed, minutes, ...report })}\n`)
process.exit(report.wrong.length > 0 ? 1 : 0)
