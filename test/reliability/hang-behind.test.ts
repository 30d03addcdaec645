import { expect, test } from 'vitest'
import { boardOperations, prepareQuestions } from '../../cli/reliability/board.ts'
import { openClient } from '../../cli/reliability/client.ts'
import { startSystem } from '../../cli/reliability/running-system.ts'

// Four times the defaults: a machine that runs tests stands still now and then.
const patient = ['--attempt-timeout-ms', '200', '--domain-timeout-ms', '800', '--request-timeout-ms', '4000']

test('an agent of db that hangs is made up for by another agent of db, and no way to db is blamed for it', async () => {
  await using system = await startSystem(patient)
  const questions = await prepareQuestions(system)
  await using client = await openClient(system)
  // Every agent is asked in its order, and the next one only when it fails.
  await system.policy(boardOperations, 'failover')
  await system.tally()
  await system.faults(['db.sql=hang:1'])
  const replies = []
  // More than it takes to open an agent.
  for (let n = 0; n < 20; n++) replies.push(await client.ask(questions.board(n), `hang-${n}`))
  expect(replies.filter(({ good }) => !good)).toEqual([])
  const { opened, calls } = await system.tally()
  expect(Object.keys(opened)).toEqual(['db.sql'])
  expect(calls['api.existing']).toEqual({ calls: 20, good: 20, attempts: 20 })
}, 120_000)
