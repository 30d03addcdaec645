import type { GraphQLAnswer, GraphQLRequest } from '../../../gateway/engine.ts'
import { RequestRefused } from '../../../gateway/engine.ts'
import type { Federated } from '../../support/federated.ts'
import type { EngineVariant } from '../engine-variants.ts'
import { judge, places, refusalOf } from './judge.ts'
import type { Fault } from './judge.ts'
import { isSubscription } from './monolith.ts'
import type { RightAnswers } from './monolith.ts'

/** What one way of building the engine answers. */
export interface GivenAnswers {
  readonly variant: EngineVariant
  readonly answers: readonly GraphQLAnswer[]
}

/** The answer, or those to all events. A refusal is an answer without data. */
export async function answersOf(
  graph: Federated,
  request: GraphQLRequest,
): Promise<readonly GraphQLAnswer[]> {
  if (!isSubscription(request)) return [await graph.ask(request)]
  try {
    const answers = await Array.fromAsync(await graph.subscribe(request))
    // What JSON makes of answers has their shape.
    return JSON.parse(JSON.stringify(answers)) as GraphQLAnswer[]
  } catch (failure) {
    if (failure instanceof RequestRefused) return [{ errors: failure.errors }]
    throw failure
  }
}

/** The first fault, and the answer that has it; the first answer when there is none. */
export function judgeAll(
  answers: readonly GraphQLAnswer[],
  { expected, all }: RightAnswers,
): { readonly at: number; readonly fault: Fault | undefined } {
  for (const [at, answer] of answers.entries()) {
    const fault = judge(answer, expected[at] ?? {}, all[at] ?? {})
    if (fault !== undefined) return { at, fault }
  }
  // A subscription that is refused has one answer.
  const isRefused = answers.some(answer => refusalOf(answer) !== undefined)
  if (isRefused || answers.length === expected.length) return { at: 0, fault: undefined }
  return {
    at: 0,
    fault: { kind: 'events', detail: `${answers.length} answers, one schema has ${expected.length}` },
  }
}

/**
 * Both tiers give the same answers, byte for byte, from one planner's plans. Which of several errors below one null they tell is
 * left open, and those of fetches that run side by side stand in the order in which these ended.
 */
export function differs(answers: readonly GraphQLAnswer[], other: GivenAnswers): Fault | undefined {
  // The Rust planner may fail on an operation once and plan it the next time.
  if ([...answers, ...other.answers].some(answer => refusalOf(answer) !== undefined)) return undefined
  if (comparable(other.answers) === comparable(answers)) return undefined
  return { kind: 'tiers', detail: `the ${other.variant.tier} tier answers ${JSON.stringify(other.answers)}` }
}

function comparable(answers: readonly GraphQLAnswer[]): string {
  return JSON.stringify(
    answers.map(({ errors = [], ...rest }) => [
      rest,
      [...new Set(errors.map(error => errorText(error, rest.data)))].toSorted(),
    ]),
  )
}

/** The error; of one that has emptied more than its own field, where that is. */
function errorText(error: GraphQLAnswerError, data: unknown): string {
  const [place = ''] = places([error], data)
  return place.endsWith('(propagated)') ? place : JSON.stringify(error)
}

type GraphQLAnswerError = NonNullable<GraphQLAnswer['errors']>[number]
