import { parseArgs } from 'node:util'
import { findNats } from '../../services/nats.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { brokerTorture } from './broker-torture.ts'
import { torturedDeployment } from './tortured-deployment.ts'

/**
 * `npm run torture:realtime -- --source broker --clients 40 --events 20000 --kills 500`: the last line is the report as JSON. Events
 * come from the task graph's own log (`tasks`), or from NATS (`broker`).
 */
const { values } = parseArgs({
  options: {
    source: { type: 'string', default: 'tasks' },
    clients: { type: 'string', default: '40' },
    events: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
process.stderr.write(`seed ${values.seed}\n`)
const options = {
  clients: Number(values.clients),
  events: Number(values.events),
  socketKills: Number(values.kills),
  random: seededRandom(Number(values.seed)),
  progress: (text: string) => void process.stderr.write(`${text}\n`),
}
const report = await tortured(values.source)
process.stdout.write(`${JSON.stringify(report)}\n`)
const { lost, duplicated, disordered, ended } = report.withCursors
process.exit(lost + duplicated + disordered + ended.length === 0 && report.withoutCursors.lost > 0 ? 0 : 1)

async function tortured(source: string) {
  if (source === 'tasks') {
    return torturedDeployment({ ...options, gatewayKills: 3, sourceKills: 2, writers: 24 })
  }
  const nats = findNats()
  if (source !== 'broker') throw new Error(`--source is tasks or broker, not "${source}"`)
  if (nats === undefined) throw new Error('there is no nats-server: npm run services')
  return brokerTorture(nats, { ...options, gatewayKills: 6, sourceKills: 6 })
}
