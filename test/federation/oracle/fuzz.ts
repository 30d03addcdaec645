import { parse, validate } from 'graphql'
import type { EngineVariant } from '../engine-variants.ts'
import type { GraphModel } from './graph-model.ts'
import { randomModel } from './random-model.ts'
import { otherConditions, randomOperation } from './random-operation.ts'
import { shrink } from './shrink.ts'
import type { Case } from './shrink.ts'
import { DifferentSchemas, Trial } from './trial.ts'
import type { Outcome } from './trial.ts'

/** What a run has seen; the shares say whether the comparison means anything. */
export interface FuzzCounts {
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
  /** Answers of the compiled tier. */
  spliced: number
  faults: number
}

/** A case on which the gateway and one schema differ. */
export interface Found extends Case {
  readonly seed: number
  readonly outcome: Outcome
}

/** Operations tried on one graph. */
const operationsPerGraph = 40
/** Values of its conditions that an operation is tried with. */
const conditionsPerOperation = 3
/** Smaller cases tried for a fault. */
const shrinkTriesMax = 3_000

/** Tries the graphs of `seed`, `seed` + 1, … until `enough`, and tells each operation on which something is wrong. */
export async function* fuzz(
  variants: readonly EngineVariant[],
  seed: number,
  counts: FuzzCounts,
  enough: () => boolean,
): AsyncGenerator<Found, void> {
  for (let at = seed; !enough(); at++) {
    const model = randomModel(at)
    const trial = composed(model, variants)
    if (trial === undefined) {
      counts.uncomposable++
      continue
    }
    counts.graphs++
    for (let index = 0; index < operationsPerGraph && !enough(); index++) {
      const first = randomOperation(trial.schema, at * 1_000 + index)
      if (first === undefined) continue
      counts.operations++
      for (const request of otherConditions(first, at * 1_000 + index, conditionsPerOperation)) {
        const outcomes = await trial.run(request)
        count(outcomes, counts)
        const outcome = outcomes.find(({ fault }) => fault !== undefined)
        if (outcome === undefined) continue
        counts.faults++
        yield { model, request, seed: at, outcome }
        break
      }
    }
    await trial.close()
  }
}

function count(outcomes: readonly Outcome[], counts: FuzzCounts): void {
  counts.cases++
  if (outcomes[0]?.expected.errors !== undefined) counts.withErrors++
  if (outcomes[0] !== undefined && outcomes[0].fetches > 1) counts.federated++
  counts.spliced += outcomes.filter(({ spliced }) => spliced).length
}

/** Runs one case in every way. */
export async function replay(
  { model, request }: Case,
  variants: readonly EngineVariant[],
): Promise<readonly Outcome[]> {
  const trial = new Trial(model, variants)
  try {
    return await trial.run(request)
  } finally {
    await trial.close()
  }
}

/** The smallest case that shows the same, asked of `variants`. */
export async function cutDown(found: Found, variants: readonly EngineVariant[]): Promise<Found> {
  const { kind } = found.outcome.fault ?? {}
  const showing = variants.filter(({ name }) => name === found.outcome.variant.name)
  const faulty = (outcomes: readonly Outcome[]): Outcome | undefined =>
    outcomes.find(({ fault }) => fault?.kind === kind)
  let trial: { readonly model: GraphModel; readonly trial: Trial } | undefined
  const stillFails = async ({ model, request }: Case): Promise<boolean> => {
    try {
      // Operations are cut first: most tries are on the graph of the one before.
      if (trial?.model !== model) {
        await trial?.trial.close()
        trial = { model, trial: new Trial(model, showing) }
      }
      if (validate(trial.trial.schema, parse(request.query)).length > 0) return false
      return faulty(await trial.trial.run(request)) !== undefined
    } catch {
      // A cut that leaves no graph, or no operation, is not a smaller case.
      trial = undefined
      return false
    }
  }
  const small = await shrink(found, stillFails, shrinkTriesMax)
  const outcome = faulty(await replay(small, showing)) ?? found.outcome
  return { ...small, seed: found.seed, outcome }
}

/** Undefined: the subgraphs do not compose. That they compose to another graph than meant is a fault of the generator. */
function composed(model: GraphModel, variants: readonly EngineVariant[]): Trial | undefined {
  try {
    return new Trial(model, variants)
  } catch (failure) {
    if (failure instanceof DifferentSchemas) throw failure
    return undefined
  }
}

export function noCounts(): FuzzCounts {
  return {
    cases: 0,
    operations: 0,
    graphs: 0,
    uncomposable: 0,
    withErrors: 0,
    federated: 0,
    spliced: 0,
    faults: 0,
  }
}
