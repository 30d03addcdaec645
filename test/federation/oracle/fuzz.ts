import { parse, validate } from 'graphql'
import type { EngineVariant } from '../engine-variants.ts'
import { randomModel } from './random-model.ts'
import { randomOperation } from './random-operation.ts'
import { shrink } from './shrink.ts'
import type { Case } from './shrink.ts'
import { DifferentSchemas, Trial } from './trial.ts'
import type { Outcome } from './trial.ts'

/** What a run has seen; the shares say whether the comparison means anything. */
export interface FuzzCounts {
  cases: number
  graphs: number
  /** Graphs that the generator made and Apollo's composition refused. */
  uncomposable: number
  /** Cases whose answer has an error in it. */
  withErrors: number
  /** Cases that needed more than one request to subgraphs. */
  federated: number
  /** Answers of the compiled tier. */
  spliced: number
}

/** A case on which the gateway and one schema differ, cut down. */
export interface Found extends Case {
  readonly seed: number
  readonly outcome: Outcome
}

/** Operations tried on one graph. */
const operationsPerGraph = 40
/** Smaller cases tried for a fault. */
const shrinkTriesMax = 2_000

/** Tries the graphs of `seed`, `seed` + 1, … until `enough` or a fault, which is cut down. */
export async function fuzz(
  variant: EngineVariant,
  seed: number,
  counts: FuzzCounts,
  enough: () => boolean,
): Promise<Found | undefined> {
  for (let at = seed; !enough(); at++) {
    const model = randomModel(at)
    const trial = composed({ model, variant })
    if (trial === undefined) {
      counts.uncomposable++
      continue
    }
    counts.graphs++
    for (let index = 0; index < operationsPerGraph && !enough(); index++) {
      const request = randomOperation(trial.schema, at * 1_000 + index)
      if (request === undefined) continue
      const outcome = await trial.run(request)
      counts.cases++
      if (outcome.expected.errors !== undefined) counts.withErrors++
      if (outcome.fetches > 1) counts.federated++
      if (outcome.spliced) counts.spliced++
      if (outcome.fault === undefined) continue
      await trial.close()
      return cutDown({ model, request }, variant, at, outcome)
    }
    await trial.close()
  }
  return undefined
}

/** Runs one case. */
export async function replay({ model, request }: Case, variant: EngineVariant): Promise<Outcome> {
  const trial = new Trial(model, variant)
  try {
    return await trial.run(request)
  } finally {
    await trial.close()
  }
}

async function cutDown(found: Case, variant: EngineVariant, seed: number, outcome: Outcome): Promise<Found> {
  const stillFails = async (smaller: Case): Promise<boolean> => {
    try {
      const trial = new Trial(smaller.model, variant)
      const { query } = smaller.request
      if (validate(trial.schema, parse(query)).length > 0) return false
      const { fault } = await trial.run(smaller.request)
      await trial.close()
      return fault?.kind === outcome.fault?.kind
    } catch {
      // A cut that leaves no graph, or no operation, is not a smaller case.
      return false
    }
  }
  const small = await shrink(found, stillFails, shrinkTriesMax)
  return { ...small, seed, outcome: await replay(small, variant) }
}

/** Undefined: the subgraphs do not compose. That they compose to another graph than meant is a fault of the generator. */
function composed({ model, variant }: { model: Case['model']; variant: EngineVariant }): Trial | undefined {
  try {
    return new Trial(model, variant)
  } catch (failure) {
    if (failure instanceof DifferentSchemas) throw failure
    return undefined
  }
}

export function noCounts(): FuzzCounts {
  return { cases: 0, graphs: 0, uncomposable: 0, withErrors: 0, federated: 0, spliced: 0 }
}
