import type { RunOptions } from './run-options.ts'
import type { Tally } from './tally.ts'

/** How far a run is, on one line. */
export function progressLine(tally: Tally, { casesMax, minutes }: RunOptions, seconds: number): string {
  const { cases, graphs, faults } = tally
  const byCases = casesMax === Number.MAX_SAFE_INTEGER ? 0 : cases / casesMax
  const share = Math.min(1, Math.max(byCases, seconds / (minutes * 60)))
  const bar = '#'.repeat(Math.floor(share * 20)).padEnd(20, '.')
  const of = byCases === 0 ? '' : ` of ${casesMax}`
  return `[${bar}] ${cases}${of} cases, ${graphs} graphs, ${faults} wrong, ${Math.round(seconds)} s, ${(cases / seconds).toFixed(1)} cases/s`
}

/** What a run has seen, for people. A refusal is no right answer, and counted on its own. */
export function summaryOf(tally: Tally, options: RunOptions, lastSeed: number, seconds: number): string {
  const { cases, operations, graphs, uncomposable, federated, withErrors, subscriptions, deferred, faults } =
    tally
  const { seed, casesMax } = options
  const lines = [
    `${cases} cases (${operations} operations on ${graphs} graphs, seeds ${seed} to ${lastSeed}) in ${seconds.toFixed(0)} s: ${faults} wrong`,
    `${federated} of several requests, ${withErrors} with errors, ${subscriptions} subscriptions, ${deferred} also in parts; ${uncomposable} graphs did not compose`,
    `graphs with: ${listed(tally.directives)}`,
  ]
  if (casesMax !== Number.MAX_SAFE_INTEGER && cases < casesMax) lines.push(`ended before ${casesMax} cases`)
  for (const [name, { own, all, handedOn, failed }] of Object.entries(tally.planners)) {
    if (all === 0) continue
    lines.push(`${name} planned ${own} of ${all} operations, the other planner ${total(handedOn)}:`)
    lines.push(...reasons(handedOn))
    lines.push(`  and neither ${total(failed)}:`, ...reasons(failed))
  }
  for (const [name, { right, wrong, spliced, refused }] of Object.entries(tally.ways)) {
    lines.push(`${name}: ${right} right (${spliced} from bytes), ${total(refused)} refused, ${wrong} wrong`)
    lines.push(...reasons(refused))
  }
  return lines.join('\n')
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function reasons(counts: Readonly<Record<string, number>>): readonly string[] {
  return mostFirst(counts).map(([reason, count]) => `  ${String(count).padStart(6)}  ${reason}`)
}

function listed(counts: Readonly<Record<string, number>>): string {
  return mostFirst(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function mostFirst(counts: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(counts).sort(([, a], [, b]) => b - a)
}
