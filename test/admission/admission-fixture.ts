import { Admission } from '../../gateway/admission/admission.ts'
import type { AdmissionOptions } from '../../gateway/admission/admission-options.ts'
import { RequestBudget } from '../../gateway/admission/request-budget.ts'
import type { Ask } from '../../gateway/admission/request-priority.ts'
import type { GraphQLAnswer } from '../../gateway/engine.ts'
import type { Priority } from '../../dispatch/port.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { seededRandom } from '../support/seeded-random.ts'

const asks: Readonly<Record<Priority, Ask>> = {
  critical: { operation: { kind: 'mutation', name: undefined }, query: 'mutation { add }', sheddable: false },
  default: { operation: { kind: 'query', name: undefined }, query: '{ tasks }', sheddable: false },
  sheddable: { operation: { kind: 'query', name: undefined }, query: '{ tasks }', sheddable: true },
}

/** One operation that asks to run. */
export interface Asked {
  readonly budget: RequestBudget
  /** `waiting`, `running`, `done`, or the code it was refused with. */
  state: string
  /** What a refusal says beside its code. */
  facts: Readonly<Record<string, unknown>>
  /** Ends its work. */
  finish(answer?: GraphQLAnswer): void
}

export interface Lab {
  readonly clock: ManualClock
  readonly admission: Admission
  /** What the gauges read; set it and let time pass. */
  readonly load: { eventLoopMs: number; heapShare: number; risk: number }
  /** Work in the order in which it was begun. */
  readonly begun: Asked[]
  readonly ask: (priority: Priority, timeoutMs?: number) => Asked
  /** Lines of the log. */
  readonly lines: readonly string[]
}

/** Admission on a clock of the test, with work that ends when the test says so. */
export function lab(options: AdmissionOptions = {}): Lab {
  const clock = manualClock()
  const load = { eventLoopMs: 0, heapShare: 0, risk: 0 }
  const begun: Asked[] = []
  const lines: string[] = []
  const admission = new Admission(
    {
      gaugeWeight: 1,
      random: seededRandom(7),
      sources: { eventLoopMs: () => load.eventLoopMs, heapShare: () => load.heapShare },
      risk: () => load.risk,
      ...options,
    },
    { clock, log: jsonLog({ level: 'info', write: line => lines.push(line) }) },
  )
  return {
    clock,
    admission,
    load,
    begun,
    lines,
    ask(priority, timeoutMs = 500) {
      const work = Promise.withResolvers<GraphQLAnswer>()
      const asked: Asked = {
        budget: new RequestBudget(clock, timeoutMs),
        state: 'waiting',
        facts: {},
        finish: (answer = { data: {} }) => work.resolve(answer),
      }
      const begin = (): Promise<GraphQLAnswer> => {
        asked.state = 'running'
        begun.push(asked)
        return work.promise
      }
      admission.run(asks[priority], asked.budget, begin).then(
        () => (asked.state = 'done'),
        (failure: unknown) => {
          asked.state = failure instanceof EnneadError ? failure.code : String(failure)
          asked.facts = failure instanceof EnneadError ? failure.facts : {}
        },
      )
      return asked
    },
  }
}
