import type { CreateDispatcher } from '../../dispatch/dispatcher.ts'
import type { AbsentAgent } from '../../dispatch/port.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import { type EngineName, type EngineSource, engineNames } from './engine-slot.ts'
import type { KeeperLimits } from './engine-keeper.ts'
import type { WriterLimits } from './writer.ts'

/** An engine that takes part, or one that is switched off and why. */
export type EngineOption = EngineSource | (AbsentAgent & { readonly name: EngineName })

export interface DbDomainOptions {
  /** Each of sql, nosql and cache at most once. The first of sql and nosql that is not absent takes the writes. */
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
  /** How the stores are reached. Default: the dispatcher. */
  readonly createDispatcher?: CreateDispatcher | undefined
}

export interface DbLimits extends KeeperLimits, WriterLimits {
  /** Time one store has for a read. Milliseconds. */
  readonly readAttemptMs: number
  /** Time all stores together have for a read. Milliseconds. */
  readonly readMs: number
  /** Calls one store may have running; beyond, the next store is asked. */
  readonly runningMax: number
  /** Time one store has for a page of the log. Milliseconds. */
  readonly logAttemptMs: number
  /** How often a command is computed anew after a conflict. */
  readonly triesMax: number
  /** How long an idempotency key is remembered. Milliseconds. */
  readonly receiptMs: number
  /** Between two sweeps of receipts that are past their time. Milliseconds. */
  readonly sweepMs: number
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
  attemptMs: 2_000,
  commitMs: 5_000,
  unknownMs: 10_000,
  copyWaitMs: 50,
  readAttemptMs: 50,
  readMs: 200,
  runningMax: 256,
  logAttemptMs: 1_000,
  triesMax: 20,
  receiptMs: 3_600_000,
  sweepMs: 60_000,
  staleMsMax: 60_000,
}

/** The engines that take part and which of them takes the writes. Throws BAD_OPTION naming what is wrong. */
export function checkEngines(engines: readonly EngineOption[]): {
  readonly sources: readonly EngineSource[]
  readonly primary: EngineName
} {
  const names = engines.map(engine => engine.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new EnneadError('BAD_OPTION', `engines names ${twice} twice`)
  const sources = engineNames.flatMap(name =>
    engines.filter((engine): engine is EngineSource => engine.name === name && !('absent' in engine)),
  )
  const primary = sources.find(source => source.name !== 'cache')?.name
  if (primary === undefined) {
    throw new EnneadError('BAD_OPTION', 'one of the stores sql and nosql is needed, both are switched off')
  }
  return { sources, primary }
}

/** The limits with defaults filled in. Throws BAD_OPTION naming the field and its value. */
export function checkDbLimits(given: Partial<DbLimits>): DbLimits {
  const limits = { ...dbLimits, ...given }
  for (const [name, value] of Object.entries(limits)) {
    const least = name === 'copyWaitMs' || name === 'staleMsMax' ? 0 : 1
    if (!Number.isSafeInteger(value) || value < least) {
      throw new EnneadError('BAD_OPTION', `${name} must be an integer >= ${least}, got ${String(value)}`)
    }
  }
  return limits
}
