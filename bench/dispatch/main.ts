// What one call through the dispatcher costs, beside cockatiel and opossum in the same run: node bench/dispatch/main.ts
import { measure } from './measure.ts'
import { ours } from './ours.ts'
import { peers } from './peers.ts'

const rounds = 11

/** CPU microseconds a call; above them the exit code is 1. */
const goals = new Map([
  ['ennead failover', 0.5],
  ['ennead hedge p95', 1.1],
])

const others = await peers()
if (others.missing.length > 0) {
  console.log(`not installed: ${others.missing.join(', ')}; to compare: npm install --prefix bench`)
}
const results = await measure([...ours(), ...others.cases], rounds)
others.close()

console.log(`CPU µs per call that succeeds, median of ${rounds} interleaved rounds, Node ${process.version}`)
for (const [name, cost] of results) {
  const goal = goals.get(name)
  const verdict = goal === undefined ? '' : `   goal ${goal}: ${cost <= goal ? 'met' : 'missed'}`
  console.log(`${cost.toFixed(2).padStart(8)}  ${name}${verdict}`)
}
if ([...goals].some(([name, goal]) => !((results.get(name) ?? Infinity) <= goal))) process.exitCode = 1
console.log(
  JSON.stringify({ benchmark: 'dispatch', unit: 'cpu µs per call', ...Object.fromEntries(results) }),
)
