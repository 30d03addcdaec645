import { expect, test } from 'vitest'
import { seededRandom } from '../support/seeded-random.ts'
import { torturedDeployment } from './torture/tortured-deployment.ts'

const minutes = 60_000

test(
  'cut connections and kill -9 of gateway and event log lose, repeat and reorder nothing for clients that send cursors back',
  { timeout: 5 * minutes },
  async () => {
    const report = await torturedDeployment({
      clients: 8,
      events: 200,
      socketKills: 60,
      gatewayKills: 1,
      sourceKills: 1,
      writers: 6,
      random: seededRandom(6),
    })
    expect(report.events).toBeGreaterThanOrEqual(200)
    expect(report.withCursors).toEqual({
      expected: 8 * report.events,
      lost: 0,
      duplicated: 0,
      disordered: 0,
      ended: [],
    })
    // What the same clients lose without their one line: the test can see losses.
    expect(report.withoutCursors.lost).toBeGreaterThan(0)
  },
)
