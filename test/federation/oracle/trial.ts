import type { GraphQLSchema, ExecutionResult } from 'graphql'
import type { GraphQLAnswer, GraphQLRequest } from '../../../gateway/engine.ts'
import type { Supergraph } from '../../../gateway/supergraph/supergraph-facts.ts'
import { composedForTest, forgetComposed } from '../../support/composed.ts'
import { federated } from '../../support/federated.ts'
import type { Federated } from '../../support/federated.ts'
import { forgetPlanners } from '../../support/shared-planners.ts'
import type { EngineVariant } from '../engine-variants.ts'
import { overrides } from './graph-model.ts'
import type { GraphModel } from './graph-model.ts'
import { answersOf, differs, judgeAll } from './answers.ts'
import type { GivenAnswers } from './answers.ts'
import { askInParts } from './answers-in-parts.ts'
import type { AnswerInParts } from './answers-in-parts.ts'
import { refusalOf } from './judge.ts'
import type { Fault } from './judge.ts'
import { isSubscription, Monolith, printedSorted } from './monolith.ts'
import type { RightAnswers } from './monolith.ts'
import { hasDefers } from './random-defers.ts'
import { subgraphResolvers } from './resolvers.ts'
import type { Journal } from './resolvers.ts'
import { subgraphSdls } from './sdl.ts'

/** Both answers to one operation, and what is wrong with the gateway's. Of a subscription, those to the event that is wrong. */
export interface Outcome {
  readonly variant: EngineVariant
  readonly expected: ExecutionResult
  readonly answer: GraphQLAnswer
  readonly fault: Fault | undefined
  /** Why it is not answered, where docs/planning.md says so. */
  readonly refused: string | undefined
  /** Requests to subgraphs. */
  readonly fetches: number
  /** The compiled tier answered. */
  readonly spliced: boolean
  /** Events of a subscription. Undefined: it is none. */
  readonly events: number | undefined
  /** Parts that were told after the first answer. Undefined: it was not answered in parts. */
  readonly parts: number | undefined
}

/** Room for anything the generator writes: what is compared are answers. */
const limits = {
  aliasesMax: 10_000,
  selectionsMax: 100_000,
  fetchesMax: 10_000,
  rootFieldsMax: 1_000,
  directivesMax: 10_000,
  duplicatesMax: 1_000,
  depthMax: 100,
} as const

/** An engine under trial. */
interface Tried {
  readonly variant: EngineVariant
  readonly graph: Federated
}

/** One graph, as subgraphs behind the gateway, built in each of the ways, and as one schema. */
export class Trial {
  readonly schema: GraphQLSchema
  /** The supergraph's SDL. */
  readonly supergraph: string
  readonly #composed: Supergraph
  readonly #monolith: Monolith
  readonly #tried: readonly Tried[]
  readonly #journal: Journal = { mutations: 0 }
  readonly #names: readonly string[]

  /** Throws when the model's subgraphs do not compose, or compose to another graph than the one schema. */
  constructor(model: GraphModel, variants: readonly EngineVariant[]) {
    const resolvers = subgraphResolvers(model, this.#journal)
    const sdls = [...subgraphSdls(model)]
    this.#names = sdls.map(([name]) => name)
    const definitions = Object.fromEntries(
      sdls.map(([name, sdl]) => [name, { sdl, resolvers: resolvers.get(name) ?? {} }]),
    )
    const supergraph = composedForTest(definitions)
    this.#composed = supergraph
    this.supergraph = supergraph.sdl
    this.#monolith = new Monolith(model, this.#journal)
    this.schema = this.#monolith.schema
    const composed = printedSorted(supergraph.apiSchema)
    if (composed !== printedSorted(this.schema)) {
      throw new DifferentSchemas(`${composed}\n--- is not ---\n${printedSorted(this.schema)}`)
    }
    const options = {
      limits,
      cost: { costMax: Number.MAX_SAFE_INTEGER },
      overrides: { active: overrides.active, random: () => overrides.percentile / 100 },
    }
    this.#tried = variants.map(variant => ({
      variant,
      graph: federated(definitions, options, variant.build),
    }))
  }

  /** What each of the ways makes of `request`, in their order. */
  async run(request: GraphQLRequest): Promise<readonly Outcome[]> {
    const right = await this.#monolith.answers(request)
    const given: GivenAnswers[] = []
    const outcomes: Outcome[] = []
    for (const { variant, graph } of this.#tried) {
      this.#startOver(graph)
      const before = graph.spliced()
      const answers = await answersOf(graph, request)
      const spliced = graph.spliced() > before
      const fetches = this.#names.reduce((sum, name) => sum + graph.subgraph(name).requests.length, 0)
      const { at, fault } = judgeAll(answers, right)
      const otherTier = given.find(each => each.variant.name === variant.name)
      given.push({ variant, answers })
      // Once: whichever planner was asked first, what is deferred is planned by Apollo's.
      const parts =
        outcomes.length === 0 && fault === undefined ? await this.#parts(graph, request, right) : undefined
      outcomes.push({
        variant,
        expected: right.expected[at] ?? {},
        answer: parts?.answer ?? answers[at] ?? {},
        fault: fault ?? parts?.fault ?? (otherTier && differs(answers, otherTier)),
        refused: refusalOf(answers[0] ?? {}),
        fetches,
        spliced,
        events: isSubscription(request) ? answers.length : undefined,
        parts: parts?.count,
      })
    }
    return outcomes
  }

  async #parts(
    graph: Federated,
    request: GraphQLRequest,
    { expected: [expected] }: RightAnswers,
  ): Promise<AnswerInParts | undefined> {
    // A null that may not be goes up to the part only, so that nobody can say from one schema's answer what is right.
    if (!hasDefers(request.query) || !expected?.data || expected.errors !== undefined) return undefined
    this.#startOver(graph)
    return askInParts(graph, request, expected)
  }

  #startOver(graph: Federated): void {
    this.#journal.mutations = 0
    for (const name of this.#names) graph.subgraph(name).requests.length = 0
  }

  async close(): Promise<void> {
    await Promise.all(this.#tried.map(({ graph }) => graph.engine.close()))
    // Thousands of graphs come after this one.
    forgetComposed(this.#composed)
    forgetPlanners(this.#composed)
  }
}

/** The generator said one thing to the subgraphs and another to the one schema: its fault, or composition's. */
export class DifferentSchemas extends Error {}
