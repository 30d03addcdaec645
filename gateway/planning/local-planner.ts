import { parse, print } from 'graphql'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import { withoutProvides } from '../supergraph/without-provides.ts'
import type { PlannableSupergraph } from '../supergraph/supergraph-facts.ts'
import { joinConditions } from './joined-conditions.ts'
import { externalsAsked } from './lint-externals.ts'
import { wronglyRequired } from './lint-requires.ts'
import { lintPlan } from './lint-plan.ts'
import type { LintedOperation } from './lint-plan.ts'
import { inOrderOfMutations } from './mutation-order.ts'
import type { Overrides } from './overrides.ts'
import type { Plan } from './plan.ts'
import type { Planner, PlannerChoice, PlanRequest } from './planner.ts'
import { loadRustAddon } from './rust-planner.ts'
import { RustProcess } from './rust-process.ts'

/** Told before a planner is made ready, and before an operation is planned. */
export type OnPhase = (phase: 'ready' | 'plan') => void

/**
 * How well a plan fits its operation: `wasteful` fetches more than is asked for, `doubtful` may fetch less, `misplaced` asks subgraphs
 * for fields that only others answer.
 */
type Grade = 'good' | 'wasteful' | 'doubtful' | 'misplaced'

/** Characters kept of why a planner was passed over. */
const reasonLengthMax = 300

interface Graded {
  readonly grade: Grade
  /** The first thing found. Undefined: it is good. */
  readonly why?: string
}

type Make = (supergraph: PlannableSupergraph) => Promise<Planner>

/** Loaded when it is first needed: Apollo's packages cost a quarter of a second and 40 MB. */
async function load(sdl: string): Promise<PlannableSupergraph> {
  const { loadSupergraph } = await import('../supergraph/supergraph.ts')
  return loadSupergraph(sdl)
}

const apollo: Make = async supergraph => {
  const { ApolloPlanner } = await import('./apollo-planner.ts')
  return new ApolloPlanner(supergraph)
}

/** Where both planners ask a subgraph for what only others provide. */
const apolloWithoutProvides: Make = async ({ sdl }) => apollo(await load(withoutProvides(sdl)))

/** One for all supergraphs of this thread. */
const rustProcess = new RustProcess()

const rust: Make = ({ sdl }) => rustProcess.open(sdl)

/** The planners of a choice, the one to ask first in front. Where the Rust planner does not load, Apollo's serves. */
async function order(choice: PlannerChoice): Promise<readonly Make[]> {
  if ((await loadRustAddon()) === undefined) return [apollo]
  return choice === 'rust' ? [rust, apollo] : [apollo, rust]
}

/**
 * Plans in this thread, by the planners of its choice. An operation that one of them cannot plan, or whose plan has faults, goes
 * to the next.
 */
export class LocalPlanner implements Planner {
  readonly #onPhase: OnPhase
  readonly #makers: Promise<readonly Make[]>
  readonly #made = new Map<Make, Promise<Planner>>()
  readonly #source: PlannableSupergraph | string
  #supergraph: Promise<PlannableSupergraph> | undefined

  /** @param supergraph As SDL: loaded when it is first needed. */
  constructor(
    choice: PlannerChoice,
    supergraph: PlannableSupergraph | string,
    onPhase: OnPhase = () => undefined,
  ) {
    this.#source = supergraph
    this.#onPhase = onPhase
    this.#makers = order(choice)
    this.#makers.catch(() => undefined)
  }

  /** Makes the first of its planners ready. Never rejects: what is wrong is told to those who ask for plans. */
  async prepare(): Promise<void> {
    try {
      const [first] = await this.#makers
      if (first !== undefined) await this.#ready(first)
    } catch {
      // The failure is kept where `plan` finds it.
    }
  }

  async plan(request: PlanRequest, signal?: AbortSignal): Promise<Plan> {
    const written = parse(request.text, { noLocation: true })
    const { document, joined } = joinConditions(written, request.operationName)
    const text = document === written ? request.text : print(document)
    const { operationName } = request
    const plan = await this.#plan({ ...request, text }, { document, operationName, joined }, signal)
    return inOrderOfMutations(joined.length === 0 ? plan : { ...plan, joined }, document)
  }

  async #plan(
    request: PlanRequest,
    operation: LintedOperation,
    signal: AbortSignal | undefined,
  ): Promise<Plan> {
    const second = new Map<Grade, Plan>()
    const failures: unknown[] = []
    const handedOn: string[] = []
    // The Rust planner knows no @defer.
    const makers = request.defers === true ? [apollo] : await this.#makers
    for (const make of [...makers, apolloWithoutProvides]) {
      if (make === apolloWithoutProvides && (!second.has('misplaced') || second.size > 1)) break
      try {
        const planner = await this.#ready(make)
        this.#onPhase('plan')
        const plan = await planner.plan(request, signal)
        const { grade, why } = await this.#grade(plan, operation, request.overrides)
        const made = handedOn.length === 0 ? plan : { ...plan, handedOn: [...handedOn] }
        if (grade === 'good') return made
        if (!second.has(grade)) second.set(grade, made)
        handedOn.push(`${grade}: ${why}`)
      } catch (failure) {
        signal?.throwIfAborted()
        if (kindOf(failure) === 'caller') throw failure
        failures.push(failure)
        handedOn.push(reasonOf(failure))
      }
    }
    const best = second.get('wasteful') ?? second.get('doubtful')
    if (best !== undefined) return best
    // Nobody knows yet whether it can be planned.
    const away = failures.find(
      (each): each is EnneadError => each instanceof EnneadError && each.code === 'UNAVAILABLE',
    )
    if (away !== undefined) throw away
    // What such a subgraph answers is not the field's value, and what is made of it is wrong without an error.
    failures.push(...handedOn.filter(why => why.startsWith('misplaced')).map(why => new Error(why)))
    throw new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
      cause: failures.length === 1 ? failures[0] : new AggregateError(failures, 'no planner can plan it'),
    })
  }

  async close(): Promise<void> {
    for (const planner of this.#made.values()) {
      // One that was never ready has nothing to let go of.
      await planner.then(
        made => made.close(),
        () => undefined,
      )
    }
  }

  /** How well it fits. Throws when it has faults. One without fetches is told apart by whoever asked. */
  async #grade(plan: Plan, operation: LintedOperation, overrides: Overrides | undefined): Promise<Graded> {
    if (plan.fetches === 0) return { grade: 'good' }
    const { apiSchema, externals, requiredArguments } = await this.#loaded()
    const { excess, doubts, fetches, ...found } = lintPlan(plan, operation, apiSchema)
    const faults = [...found.faults, ...wronglyRequired(fetches, requiredArguments)]
    if (faults.length === 0) {
      const [misplaced] = externalsAsked(plan, externals, apiSchema, overrides)
      if (misplaced !== undefined) return { grade: 'misplaced', why: misplaced }
      const [doubt] = doubts
      if (doubt !== undefined) return { grade: 'doubtful', why: doubt }
      const [waste] = excess
      return waste === undefined ? { grade: 'good' } : { grade: 'wasteful', why: waste }
    }
    throw new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', {
      cause: new Error(`the plan of the ${plan.plannedBy} planner is faulty: ${faults.join('; ')}`),
    })
  }

  #loaded(): Promise<PlannableSupergraph> {
    const source = this.#source
    this.#supergraph ??= typeof source === 'string' ? load(source) : Promise.resolve(source)
    return this.#supergraph
  }

  #ready(make: Make): Promise<Planner> {
    let planner = this.#made.get(make)
    if (planner === undefined) {
      this.#onPhase('ready')
      planner = this.#loaded().then(make)
      this.#made.set(make, planner)
    }
    return planner
  }
}

/** What a planner said, without what others have wrapped around it. */
function reasonOf(failure: unknown): string {
  let at = failure
  while (at instanceof Error && at.cause !== undefined) at = at.cause
  return (at instanceof Error ? at.message : String(at)).slice(0, reasonLengthMax)
}
