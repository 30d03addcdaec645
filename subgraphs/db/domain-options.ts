import type { CreateDispatcher } from '../../dispatch/dispatcher.ts'
import type { AbsentAgent } from '../../dispatch/port.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import { type EngineName, type EngineSource, engineNames } from './engine-slot.ts'
import type { Vault } from './encryption/vault.ts'
import type { EventCopy } from './event-relay.ts'
import type { KeeperLimits } from './engine-keeper.ts'
import type { QuorumLimits } from './quorum/voters.ts'
import type { PageSweepLimits } from './sweep/page-sweep.ts'
import type { WriterLimits } from './writer.ts'

/** An engine that takes part, or one that is switched off and why. */
export type EngineOption = EngineSource | (AbsentAgent & { readonly name: EngineName })

export interface DbDomainOptions {
  /** Each of sql, nosql and cache at most once; those that are not absent and no learners vote. */
  readonly engines: readonly EngineOption[]
  /** Whom tasks may be assigned to. */
  readonly actors: ActorDirectory
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: Math.random. */
  readonly random?: Random
  /** Default: none. */
  readonly log?: Log
  /** Default: `dbLimits`. */
  readonly limits?: Partial<DbLimits>
  /** Opens what the events are copied to, again after each failure. Default: they are in the stores only. */
  readonly openEventCopy?: (() => Promise<EventCopy>) | undefined
  /** What is stored encrypted. Default: nothing. */
  readonly vault?: Vault | undefined
  /** Names this life of this process to others, and to operators. Default: host, process id and something random. */
  readonly holder?: string
  /** How the stores are reached. Default: the dispatcher. */
  readonly createDispatcher?: CreateDispatcher | undefined
}

export interface DbLimits extends KeeperLimits, QuorumLimits, WriterLimits, PageSweepLimits {
  /** How long an answer to a write waits for the stores to take it over. Milliseconds. */
  readonly copyWaitMs: number
  /** Time one store has for a read. Milliseconds. */
  readonly readAttemptMs: number
  /** Time all stores together have for a read. Milliseconds. */
  readonly readMs: number
  /** Time one store has for a page of the log. Milliseconds. */
  readonly logAttemptMs: number
  /** The longest an answer of a session waits for how far the log goes by now. Milliseconds. */
  readonly sessionMs: number
  /** How often a command is computed anew after a conflict. */
  readonly triesMax: number
  /** How long an idempotency key is remembered. Milliseconds. */
  readonly receiptMs: number
  /** Between two sweeps of receipts that are past their time. Milliseconds. */
  readonly sweepMs: number
  /** How long the lease of the sweeps is held without being renewed: so long nobody sweeps when a process dies. Milliseconds. */
  readonly leaseMs: number
  /** Oldest answer a store that is known to lack changes may give when no other answers. Milliseconds; 0: none. */
  readonly staleMsMax: number
}

export const dbLimits: DbLimits = {
  openMs: 30_000,
  reopenFirstMs: 1_000,
  reopenLastMs: 30_000,
  probeMs: 1_000,
  silentMs: 3_000,
  queueMax: 1_000,
  batchMax: 100,
  attemptMs: 1_000,
  graceMs: 400,
  commitMs: 5_000,
  unknownMs: 10_000,
  copyWaitMs: 50,
  readAttemptMs: 50,
  readMs: 200,
  runningMax: 256,
  logAttemptMs: 1_000,
  sessionMs: 50,
  triesMax: 20,
  receiptMs: 3_600_000,
  sweepMs: 60_000,
  leaseMs: 15_000,
  pageRestMs: 1_000,
  passRestMs: 600_000,
  sweepPercentMax: 2,
  staleMsMax: 60_000,
}

/** The engines that take part, in the order in which they are read. Throws BAD_OPTION naming what is wrong. */
export function checkEngines(engines: readonly EngineOption[]): readonly EngineSource[] {
  const names = engines.map(engine => engine.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new EnneadError('BAD_OPTION', `engines names ${twice} twice`)
  const sources = engineNames.flatMap(name =>
    engines.filter((engine): engine is EngineSource => engine.name === name && !('absent' in engine)),
  )
  if (sources.every(({ name, learner }) => name === 'cache' || learner !== undefined)) {
    throw new EnneadError('BAD_OPTION', 'one of the stores sql and nosql must take part and vote')
  }
  const learners = sources.filter(({ learner }) => learner !== undefined).map(({ name }) => name)
  if (learners.length > 0 && learners.length * 2 >= sources.length) {
    const told = `${learners.join(' and ')} of ${sources.length} stores would never vote`
    throw new EnneadError(
      'BAD_OPTION',
      `more stores must vote than follow only: ${told}; take fewer for learners`,
    )
  }
  return sources
}

/** The limits with defaults filled in. Throws BAD_OPTION naming the field and its value. */
export function checkDbLimits(given: Partial<DbLimits>): DbLimits {
  const limits = { ...dbLimits, ...given }
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'copyWaitMs' || name === 'graceMs' || name === 'staleMsMax' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least) {
      throw new EnneadError('BAD_OPTION', `${name} must be an integer >= ${least}, got ${String(value)}`)
    }
  }
  return limits
}
