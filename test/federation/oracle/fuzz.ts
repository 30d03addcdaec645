import { parse, validate } from 'graphql'
import type { EngineVariant } from '../engine-variants.ts'
import { nothingToChoose } from './data.ts'
import type { GraphModel } from './graph-model.ts'
import type { GraphQLRequest } from '../../../gateway/engine.ts'
import { isSubscription } from './monolith.ts'
import { Random } from './random.ts'
import { withDefers, withoutDefers } from './random-defers.ts'
import { randomModel } from './random-model.ts'
import { otherConditions, randomOperation } from './random-operation.ts'
import { shrink } from './shrink.ts'
import type { Case } from './shrink.ts'
import { subgraphSdls } from './sdl.ts'
import { countCase, countGraph } from './tally.ts'
import type { Tally } from './tally.ts'
import { DifferentSchemas, Trial } from './trial.ts'
import type { Outcome } from './trial.ts'

/** A case on which the gateway and one schema differ. */
export interface Found extends Case {
  readonly seed: number
  readonly outcome: Outcome
}

/** Operations tried on one graph, where nothing else is said. */
const operationsPerGraphDefault = 80
/** Values of its conditions that an operation is tried with. */
const conditionsPerOperation = 3
/** Smaller cases tried for a fault. */
const shrinkTriesMax = 3_000

/** Tries the graphs of `seed`, `seed` + 1, … until `enough`, and tells each operation on which something is wrong. */
export async function* fuzz(
  variants: readonly EngineVariant[],
  seed: number,
  tally: Tally,
  enough: () => boolean,
  operationsPerGraph = operationsPerGraphDefault,
): AsyncGenerator<Found, void> {
  for (let at = seed; !enough(); at++) yield* fuzzGraph(variants, at, tally, enough, operationsPerGraph)
}

/** Tries random operations on the graph of `seed` until `enough`. */
export async function* fuzzGraph(
  variants: readonly EngineVariant[],
  seed: number,
  tally: Tally,
  enough: () => boolean,
  operationsPerGraph = operationsPerGraphDefault,
): AsyncGenerator<Found, void> {
  const model = randomModel(seed)
  const trial = composed(model, variants)
  if (trial === undefined) {
    tally.uncomposable++
    return
  }
  countGraph(tally, [...subgraphSdls(model).values()])
  for (let index = 0; index < operationsPerGraph && !enough(); index++) {
    const first = randomOperation(trial.schema, seed * 1_000 + index)
    if (first === undefined) continue
    tally.operations++
    const operation = sometimesDeferred(first, new Random(seed * 1_000 + index))
    for (const request of otherConditions(operation, seed * 1_000 + index, conditionsPerOperation)) {
      const outcomes = await trial.run(request)
      countCase(tally, outcomes)
      const outcome = outcomes.find(({ fault }) => fault !== undefined)
      if (outcome === undefined) continue
      yield { model, request, seed, outcome }
      break
    }
  }
  await trial.close()
}

/** Percent of the operations of which parts may be deferred. */
const deferredPercent = 15

function sometimesDeferred(request: GraphQLRequest, random: Random): GraphQLRequest {
  const may = random.chance(deferredPercent) && !isSubscription(request)
  return (may ? withDefers(request, random) : undefined) ?? request
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
  const { kind, detail } = found.outcome.fault ?? {}
  const showing = variants.filter(({ name }) => name === found.outcome.variant.name)
  const faulty = (outcomes: readonly Outcome[]): Outcome | undefined =>
    outcomes.find(
      ({ fault, expected }) =>
        fault?.kind === kind &&
        // A smaller case may be refused for another reason.
        (kind !== 'refused' || fault?.detail === detail) &&
        expected.errors?.some(({ message }) => message.includes(nothingToChoose)) !== true,
    )
  let trial: { readonly model: GraphModel; readonly trial: Trial } | undefined
  const stillFails = async ({ model, request }: Case): Promise<boolean> => {
    try {
      // Operations are cut first: most tries are on the graph of the one before.
      if (trial?.model !== model) {
        await trial?.trial.close()
        trial = { model, trial: new Trial(model, showing) }
      }
      if (validate(trial.trial.schema, parse(withoutDefers(request.query))).length > 0) return false
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
