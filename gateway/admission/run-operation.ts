import type { Consistency } from '../../kernel/consistency.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import type { Engine, GraphQLAnswer, PreparedOperation } from '../engine.ts'
import type { ForwardedHeaders, SubgraphContext } from '../execution/subgraph.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { whenAborted } from '../../kernel/when-aborted.ts'
import type { RequestTrace } from '../tracing.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import type { RequestBudget } from './request-budget.ts'

/** Who asks, from where, and what of it goes on to subgraphs. The same for every operation of a connection. */
export interface Caller {
  readonly principal: ClientPrincipal | undefined
  readonly headers: ForwardedHeaders
  readonly userAgent: string | undefined
  readonly address: string | undefined
  /** Asks for all its operations to be refused first. */
  readonly sheddable: boolean
}

/** How long the engine may take to hand over a partial answer after the deadline, milliseconds. */
const graceMs = 50

/** What the engine gets to run an operation with. `consistency`: what its reads must show; undefined: it did not say. */
export function contextOf(
  caller: Caller,
  requestId: string,
  budget: RequestBudget,
  trace: RequestTrace,
  consistency?: Consistency,
): SubgraphContext {
  return {
    trace,
    requestId,
    principal: caller.principal,
    remainingMs: budget.remainingMs,
    signal: budget.signal,
    userAgent: caller.userAgent,
    address: caller.address,
    headers: caller.headers,
    consistency,
  }
}

/**
 * Writes get more time: an abandoned write has an unknown outcome. A query that waits on purpose gets that time as well, up to
 * how often the rights of a stream are looked at.
 */
export function grantTime(
  { kind, waitMs }: PreparedOperation,
  budget: RequestBudget,
  limits: Pick<GatewayLimits, 'mutationTimeoutMs' | 'requestTimeoutMs' | 'socketRecheckMs'>,
): void {
  if (kind === 'mutation') budget.extendTo(limits.mutationTimeoutMs)
  else if (waitMs !== undefined) {
    budget.extendTo(limits.requestTimeoutMs + Math.min(waitMs, limits.socketRecheckMs))
  }
}

/**
 * The engine's answer, partial when the deadline cut it short. Rejects with the budget's reason when the engine has
 * none shortly after the deadline, or at once when the caller leaves.
 */
export function answerWithin(
  engine: Engine,
  operation: PreparedOperation,
  context: SubgraphContext,
): Promise<GraphQLAnswer> {
  const { signal } = context
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined
    const leave = (): void => {
      const reason: unknown = signal.reason
      const expired = reason instanceof EnneadError && reason.code === 'DEADLINE_EXCEEDED'
      grace = setTimeout(() => reject(reason), expired ? graceMs : 0)
    }
    const forget = signal.aborted ? undefined : whenAborted(signal, leave)
    const settled = (settle: () => void): void => {
      clearTimeout(grace)
      forget?.()
      settle()
    }
    if (signal.aborted) leave()
    engine.execute(operation, context).then(
      answer => settled(() => resolve(answer)),
      (failure: unknown) => settled(() => reject(failure)),
    )
  })
}
