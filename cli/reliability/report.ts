import { seededRandom } from './seeded-random.ts'
import type { Cell } from './cells.ts'
import type { Findings } from './experiment.ts'
import type { Part } from './scenarios.ts'
import {
  arithmeticRow,
  availabilityWithConsecutiveBreaker,
  callsUntilCusumOpens,
  callsUntilInARow,
} from './simpler-arithmetic.ts'
import { defaultLimits } from '../../dispatch/options.ts'
import { judge, percent } from './verdicts.ts'

type Row = readonly string[]

/** The findings as a Markdown document. `command` is what measures them again. */
export function markdownReport(findings: Findings, command: string): string {
  return [
    '# Reliability, measured',
    '',
    `Written by \`${command}\` (${findings.tookSeconds} s on ${findings.machine}); run it again to doubt it.`,
    '',
    ...promises(findings),
    ...howMeasured(findings),
    ...cellTables(findings),
    ...recoveryTable(findings),
    ...cascadeTable(findings),
    ...scenarioTable(findings),
    ...reconnectionTable(findings),
    ...simplerArithmetic(),
  ].join('\n')
}

function promises(findings: Findings): readonly string[] {
  const rows = judge(findings).map(({ promise, found, kept }) => [kept ? 'yes' : '**no**', promise, found])
  return ['## What is promised', '', ...table(['kept', 'promise', 'found'], rows), '']
}

function howMeasured({ options }: Findings): readonly string[] {
  const flags = options.flags.length === 0 ? 'the default settings' : `\`${options.flags.join(' ')}\``
  return [
    '## How it is measured',
    '',
    `A gateway over HTTP, the three subgraphs, their nine agents and embedded stores run as \`ennead start --chaos\` with ${flags}.`,
    `${options.rate} requests a second arrive evenly, whether or not earlier ones have been answered; times count from when a`,
    'request was due. Each asks for a node, its fields and what the viewer may do: one call of auth (who is the token; the',
    'gateway remembers nothing here), one of api (does the node exist), one of db (its fields), each served by three agents.',
    'A request is good when everything it asked for is there and right. An attempt on an agent fails with probability e: 60 %',
    'refused, 20 % with the connection lost at work, 20 % with an answer that fails its check. A hash of seed, agent, request',
    'and attempt decides, so every arm meets the same faults. Reads that agents of api make in db belong to those agents and',
    `are not made to fail a second time. ${options.warmUpCount} requests before each cell are not counted.`,
    '',
  ]
}

function cellTables({ cells }: Findings): readonly string[] {
  if (cells.length === 0) return []
  return [
    '## Availability through three domains',
    '',
    'Arms: *single* is one agent, asked once (what there is without a dispatcher) · *failover* the next agent when one fails, two',
    'rounds · *hedge* also when one is slower than usual · *quorum* two equal answers. Interval: Wilson, 95 %. z: standard errors',
    'between measured and model.',
    '',
    ...table(
      [
        'e',
        'arm',
        'n',
        'measured',
        'interval',
        'model',
        'z',
        'p50 ms',
        'p99 ms',
        'attempts a call',
        'marked old',
        'opened',
      ],
      cells.map(cellRow),
    ),
    '',
    'The model of a domain is R = (1 − βe)(1 − eᵢ)(1 − (c·eᵢ)^k) / (1 − c·eᵢ), eᵢ = (e − βe)/(1 − βe), with k attempts (single 1,',
    'failover and hedge 3 agents × 2 rounds = 6), β = 0 and c = 1 since faults are independent and all noticed; of a quorum, that at',
    'least two of three agents answer in two rounds. A request needs three domains: the product.',
    '',
    '### Each domain by itself',
    '',
    ...table(
      ['e', 'arm', ...(cells[0]?.domains.map(({ name }) => `${name}: measured`) ?? []), 'model of each'],
      cells.map(({ e, arm, domains }) => [
        percent(e),
        arm,
        ...domains.map(({ calls, good }) => percent(calls === 0 ? 1 : good / calls)),
        percent(domains[0]?.model ?? 1),
      ]),
    ),
    '',
  ]
}

function cellRow(cell: Cell): Row {
  const { e, arm, count, measured, interval, model, score, p50Ms, p99Ms, amplification, degraded, opened } =
    cell
  return [
    percent(e),
    arm,
    String(count),
    percent(measured),
    `${percent(interval[0])} – ${percent(interval[1])}`,
    percent(model),
    score.toFixed(2),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    amplification.toFixed(3),
    percent(degraded / count),
    String(opened),
  ]
}

function recoveryTable({ recoveries }: Findings): readonly string[] {
  if (recoveries.length === 0) return []
  return [
    '## Recovery',
    '',
    ...table(
      ['what happens', 'times', 'median ms', 'p99 ms'],
      recoveries.map(({ what, timesMs, medianMs, p99Ms }) => [
        what,
        String(timesMs.length),
        medianMs.toFixed(0),
        p99Ms.toFixed(0),
      ]),
    ),
    '',
  ]
}

function cascadeTable({ cascades }: Findings): readonly string[] {
  if (cascades.length === 0) return []
  return [
    '## One domain fails whole',
    '',
    'Every agent of a domain hangs. Requests that do not need it go on; those that do are answered in time, with what is missing',
    'said. For auth the gateway remembers who asked before.',
    '',
    ...table(
      ['domain', 'requests without it', 'failed', 'at most', 'p99 ms', 'requests with it: p99 ms'],
      cascades.map(({ domain, count, failed, interval, p99Ms, needy }) => [
        domain,
        String(count),
        String(failed),
        percent(interval[1]),
        p99Ms.toFixed(1),
        needy.p99Ms.toFixed(0),
      ]),
    ),
    '',
  ]
}

function scenarioTable({ scenarios, options }: Findings): readonly string[] {
  if (scenarios.length === 0) return []
  const shown = ({ goodShare, p50Ms, p99Ms }: Part): string =>
    `${percent(goodShare)}, ${p50Ms.toFixed(1)} / ${p99Ms.toFixed(0)} ms`
  return [
    '## Scenarios under load',
    '',
    `Three parts of ${options.scenarioMs / 1_000} s each: before, during, after; good answers, p50 / p99. Load is a share of the capacity measured just before.`,
    '',
    ...table(
      ['what happens', 'requests a second', 'before', 'during', 'after', 'opened'],
      scenarios.map(({ what, rate, before, during, after, opened }) => [
        what,
        String(rate),
        shown(before),
        shown(during),
        shown(after),
        String(opened),
      ]),
    ),
    '',
  ]
}

function reconnectionTable({ reconnection }: Findings): readonly string[] {
  if (reconnection === undefined) return []
  const { subscribers, events, complete, medianMs, lastMs, goodShare, p99Ms } = reconnection
  return [
    '## Everyone reconnects at once',
    '',
    `${subscribers} subscribers lose their sockets together, ${events} events happen, and all come back at the same moment with the`,
    `cursor they had: ${complete} got every event once and in order, half of them within ${medianMs.toFixed(0)} ms, the last after`,
    `${lastMs.toFixed(0)} ms. Of the requests over HTTP meanwhile ${percent(goodShare)} were good, p99 ${p99Ms.toFixed(0)} ms.`,
    '',
  ]
}

/** Computed, not measured: it follows from numbers alone. */
function simplerArithmetic(): readonly string[] {
  const rates = [0, 0.05, 0.1, 0.15, 0.2, 0.25]
  const breaker = { failuresMax: 3, restMs: 30_000 }
  const calls = 1_000_000
  const tripping = rates.slice(1).map(e => {
    const kept = availabilityWithConsecutiveBreaker(breaker, e, 1_000, calls, seededRandom(42))
    const [inARow, sum] = [
      callsUntilInARow(e, breaker.failuresMax),
      callsUntilCusumOpens(e, defaultLimits.agentTrip),
    ]
    return [percent(e), percent(1 - e ** 3), percent(kept), inARow.toFixed(0), sum.toPrecision(3)]
  })
  return [
    '## Where simpler arithmetic is wrong',
    '',
    '**Orchestrators counted once.** "Gateway 95 %, domain 92 %, three agents 1 − e³: the product" counts each level once, but a',
    'request through three domains passes three domain orchestrators. By its own numbers such a system loses a quarter of its',
    'requests before any agent fails; no number of agents makes up for what stands in series before them.',
    '',
    '**An unfair baseline.** Comparing that with one agent called once (1 − e) compares a request through three domains with a third',
    'of one. Single agents for the same request give (1 − e)³.',
    '',
    ...table(
      ['e', 'each level once', 'as often as passed', 'one agent, one call', 'single agents, same request'],
      rates
        .map(arithmeticRow)
        .map(row => [
          percent(row.e),
          percent(row.countedOnce),
          percent(row.countedAsPassed),
          percent(row.unfairBaseline),
          percent(row.fairBaseline),
        ]),
    ),
    '',
    '**A breaker that trips itself.** "Open for 30 s after 3 failures in a row" mistakes chance for an outage: the more calls, the',
    'sooner three fail in a row. Three agents behind such breakers at 1,000 calls a second, beside the same agents without them',
    `(simulated, ${calls.toLocaleString('en')} calls). The last columns: calls until a breaker opens by chance alone, in a row and by the`,
    `cumulative sum used here (trip ${defaultLimits.agentTrip}).`,
    '',
    ...table(['e', 'without breakers', 'with them', '3 in a row', 'cumulative sum'], tripping),
    '',
  ]
}

function table(heads: Row, rows: readonly Row[]): readonly string[] {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const line = (cells: Row): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(heads), `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)]
}
