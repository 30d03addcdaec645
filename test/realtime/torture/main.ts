import { parseArgs } from 'node:util'
import { seededRandom } from '../../support/seeded-random.ts'
import { torturedDeployment } from './tortured-deployment.ts'

/** `npm run torture:realtime -- --clients 40 --events 20000 --kills 500`: the last line is the report as JSON. */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '40' },
    events: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
process.stderr.write(`seed ${values.seed}\n`)
const report = await torturedDeployment({
  clients: Number(values.clients),
  events: Number(values.events),
  socketKills: Number(values.kills),
  gatewayKills: 3,
  sourceKills: 2,
  writers: 24,
  random: seededRandom(Number(values.seed)),
  progress: text => process.stderr.write(`${text}\n`),
})
process.stdout.write(`${JSON.stringify(report)}\n`)
const { lost, duplicated, disordered, ended } = report.withCursors
process.exit(lost + duplicated + disordered + ended.length === 0 && report.withoutCursors.lost > 0 ? 0 : 1)
