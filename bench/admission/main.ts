// What admission costs a request: node bench/admission/main.ts
import { Admission } from '../../gateway/admission/admission.ts'
import type { Ask } from '../../gateway/admission/request-priority.ts'
import type { GraphQLAnswer } from '../../gateway/engine.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import { measure } from '../dispatch/measure.ts'
import type { Case } from '../dispatch/measure.ts'

const rounds = 11
const calls = 100_000
const width = 10
/** CPU microseconds that an operation which finds room may cost; above it the exit code is 1. */
const goal = 1

const query = 'query Board($first: Int!) { tasks(first: $first) { nodes { id title state } } }'
const body = JSON.stringify({ query, variables: { first: 50 } })
const ask: Ask = { operation: { kind: 'query', name: 'Board' }, query, sheddable: false }
const time = { signal: new AbortController().signal, remainingMs: 500 }
const answer: GraphQLAnswer = { data: {} }
const surroundings = { clock: systemClock, log: silentLog }
const work = (): Promise<GraphQLAnswer> => Promise.resolve(answer)

const open = new Admission({}, surroundings)
const crowded = new Admission({ concurrencyMin: 5, concurrencyMax: 5, concurrencyInitial: 5 }, surroundings)
const pressed = new Admission({ risk: () => 1, gaugeEveryMs: 1 }, surroundings)
while (pressed.report().state.mode !== 'essential') await new Promise(resolve => setTimeout(resolve, 5))

const cases: readonly Case[] = [
  { name: 'work alone', calls, width, call: async input => (await work(), input) },
  {
    name: 'with room',
    calls,
    width,
    async call(input) {
      open.glance(body, false, 500)
      await open.run(ask, time, work)
      return input
    },
  },
  { name: 'after a wait', calls, width, call: async input => (await crowded.run(ask, time, work), input) },
  { name: 'refused', calls, width, call: input => Promise.resolve(refused(input)) },
]

function refused(input: number): number {
  try {
    pressed.glance(body, false, 500)
  } catch (failure) {
    if (failure instanceof EnneadError && failure.code === 'OVERLOADED') return input
    throw failure
  }
  throw new Error('it was not refused')
}

const costs = await measure(cases, rounds)
for (const admission of [open, crowded, pressed]) admission.close()
const alone = costs.get('work alone') ?? Number.NaN
console.log(
  `CPU µs a request beside its work, median of ${rounds} interleaved rounds, Node ${process.version}`,
)
const results: Record<string, number> = {}
for (const [name, cost] of costs) {
  if (name === 'work alone') continue
  const own = name === 'refused' ? cost : cost - alone
  results[name] = Math.round(own * 1_000) / 1_000
  const verdict = name === 'with room' ? `   goal ${goal}: ${own <= goal ? 'met' : 'missed'}` : ''
  console.log(`${own.toFixed(2).padStart(8)}  ${name}${verdict}`)
}
if (!((results['with room'] ?? Infinity) <= goal)) process.exitCode = 1
console.log(JSON.stringify({ benchmark: 'admission', unit: 'cpu µs per request', ...results }))
