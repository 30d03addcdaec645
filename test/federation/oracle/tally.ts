import type { EngineVariant } from '../engine-variants.ts'
import { noPlanCounts } from '../plan-counts.ts'
import type { PlannerCounts } from '../plan-counts.ts'
import type { Outcome } from './trial.ts'

/** What a run has seen, as plain data; the shares say whether the comparison means anything. */
export interface Tally {
  /** Requests, each compared with one schema in every way the engine was built. */
  cases: number
  /** Different operations among them; the others have other values of their conditions. */
  operations: number
  graphs: number
  /** Graphs that the generator made and Apollo's composition refused. */
  uncomposable: number
  /** Cases whose answer has an error in it. */
  withErrors: number
  /** Cases that needed more than one request to subgraphs. */
  federated: number
  /** Cases that are subscriptions, compared event by event. */
  subscriptions: number
  /** Cases that were also answered in parts, of which there were some. */
  deferred: number
  /** Cases on which something is wrong in one of the ways at least. */
  faults: number
  /** Graphs with each of the directives. */
  readonly directives: Record<string, number>
  readonly planners: PlannerCounts
  /** By planner and tier. */
  readonly ways: Record<string, WayTally>
}

/** What became of the cases in one way of building the engine: each is right, refused or wrong. */
export interface WayTally {
  right: number
  wrong: number
  /** Answers of the compiled tier among them. */
  spliced: number
  /** Not answered, though one schema answers: why, and how often. */
  readonly refused: Record<string, number>
}

export function noTally(): Tally {
  return {
    cases: 0,
    operations: 0,
    graphs: 0,
    uncomposable: 0,
    withErrors: 0,
    federated: 0,
    subscriptions: 0,
    deferred: 0,
    faults: 0,
    directives: {},
    planners: noPlanCounts(),
    ways: {},
  }
}

export function nameOf({ name, tier }: Pick<EngineVariant, 'name' | 'tier'>): string {
  return `${name} ${tier}`
}

/** Counts one case. */
export function countCase(tally: Tally, outcomes: readonly Outcome[]): void {
  const [first] = outcomes
  tally.cases++
  if (first?.expected.errors !== undefined) tally.withErrors++
  if (first !== undefined && first.fetches > 1) tally.federated++
  if (first?.events !== undefined) tally.subscriptions++
  if (first?.parts !== undefined && first.parts > 0) tally.deferred++
  if (outcomes.some(({ fault }) => fault !== undefined)) tally.faults++
  for (const { variant, fault, refused, spliced } of outcomes) {
    const way = (tally.ways[nameOf(variant)] ??= { right: 0, wrong: 0, spliced: 0, refused: {} })
    if (spliced) way.spliced++
    if (fault !== undefined) way.wrong++
    else if (refused === undefined) way.right++
    else way.refused[refused] = (way.refused[refused] ?? 0) + 1
  }
}

/** Adds what another process has counted. */
export function addTally(to: Tally, more: Tally): void {
  // Both are plain data whose leaves are numbers.
  addNumbers(to as unknown as Numbers, more as unknown as Numbers)
}

interface Numbers {
  [name: string]: number | Numbers
}

function addNumbers(to: Numbers, more: Numbers): void {
  for (const [name, value] of Object.entries(more)) {
    const known = to[name]
    if (typeof value === 'number') to[name] = (typeof known === 'number' ? known : 0) + value
    else addNumbers(typeof known === 'object' ? known : (to[name] = {}), value)
  }
}

const countedDirectives = [
  'requires',
  'provides',
  'override',
  'inaccessible',
  'interfaceObject',
  'fromContext',
  'shareable',
]

/** Counts a graph by the directives in its subgraphs. */
export function countGraph(tally: Tally, sdls: readonly string[]): void {
  tally.graphs++
  const count = (name: string, isThere: (sdl: string) => boolean): void => {
    if (sdls.some(isThere)) tally.directives[name] = (tally.directives[name] ?? 0) + 1
  }
  for (const name of countedDirectives) count(name, sdl => sdl.includes(`@${name}`))
  count('nested provides', sdl => /@provides\(fields: "[^"]*\{/.test(sdl))
}
