import { parse, print } from 'graphql'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import { joinConditions } from './joined-conditions.ts'
import { inOrderOfMutations } from './mutation-order.ts'
import type { Plan } from './plan.ts'
import type { Planner, PlannerChoice, PlanRequest } from './planner.ts'
import { loadRustAddon } from './rust-planner.ts'
import { RustProcess } from './rust-process.ts'

/** Told before a planner is made ready, and before an operation is planned. */
export type OnPhase = (phase: 'ready' | 'plan') => void

type Make = (sdl: string) => Promise<Planner>

/** Loaded when it is first needed: Apollo's packages cost a quarter of a second and 40 MB. */
const apollo: Make = async sdl => {
  const [{ ApolloPlanner }, { loadSupergraph }] = await Promise.all([
    import('./apollo-planner.ts'),
    import('../supergraph/supergraph.ts'),
  ])
  return new ApolloPlanner(loadSupergraph(sdl))
}

/** One for all supergraphs of this thread. */
const rustProcess = new RustProcess()

const rust: Make = sdl => rustProcess.open(sdl)

/** The planners of a choice, the one to ask first in front. Where the Rust planner does not load, Apollo's serves. */
async function order(choice: PlannerChoice): Promise<readonly Make[]> {
  if ((await loadRustAddon()) === undefined) return [apollo]
  return choice === 'rust' ? [rust, apollo] : [apollo, rust]
}

/** Plans in this thread, by the planners of its choice; an operation that one of them cannot plan goes to the next. */
export class LocalPlanner implements Planner {
  readonly #sdl: string
  readonly #onPhase: OnPhase
  readonly #makers: Promise<readonly Make[]>
  readonly #made = new Map<Make, Promise<Planner>>()

  constructor(choice: PlannerChoice, sdl: string, onPhase: OnPhase = () => undefined) {
    this.#sdl = sdl
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
    if (!needsRewriting(request.text)) return this.#plan(request, signal)
    const written = parse(request.text, { noLocation: true })
    const { document, joined } = joinConditions(written, request.operationName)
    const text = document === written ? request.text : print(document)
    const plan = await this.#plan({ ...request, text }, signal)
    return inOrderOfMutations(joined.length === 0 ? plan : { ...plan, joined }, document)
  }

  async #plan(request: PlanRequest, signal: AbortSignal | undefined): Promise<Plan> {
    const failures: unknown[] = []
    for (const make of await this.#makers) {
      try {
        const planner = await this.#ready(make)
        this.#onPhase('plan')
        return await planner.plan(request, signal)
      } catch (failure) {
        signal?.throwIfAborted()
        if (kindOf(failure) === 'caller') throw failure
        failures.push(failure)
      }
    }
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

  #ready(make: Make): Promise<Planner> {
    let planner = this.#made.get(make)
    if (planner === undefined) {
      this.#onPhase('ready')
      planner = make(this.#sdl)
      this.#made.set(make, planner)
    }
    return planner
  }
}

/** Most operations have no conditions and are no mutations, and need not be parsed to see it. */
function needsRewriting(text: string): boolean {
  return ['skip', 'include', 'mutation'].some(word => text.includes(word))
}
