import { expect, test } from 'vitest'
import { describeWithService } from '../services/availability.ts'
import { findNats } from '../services/nats.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { brokerTorture } from './torture/broker-torture.ts'

describeWithService('NATS', findNats(), command => {
  test('cut connections and kill -9 of gateways and broker lose, repeat and reorder nothing for clients that send cursors back', async () => {
    const events = 150
    const report = await brokerTorture(command, {
      clients: 8,
      events,
      socketKills: 40,
      gatewayKills: 1,
      sourceKills: 1,
      random: seededRandom(7),
    })
    const nothingWrong = { lost: 0, duplicated: 0, disordered: 0, ended: [] }
    expect(report.withCursors).toEqual({ expected: 8 * events, ...nothingWrong })
    // What the same clients lose without their one line: the test can see losses.
    expect(report.withoutCursors.lost).toBeGreaterThan(0)
  }, 120_000)
})
