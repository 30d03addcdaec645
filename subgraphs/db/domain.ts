import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { createDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatcherUsage } from '../../dispatch/dispatcher.ts'
import { type Policy, hedge } from '../../dispatch/policy.ts'
import type { AbsentAgent, Agent, CallOptions, Dispatcher } from '../../dispatch/port.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { DomainHealth } from '../../kernel/health.ts'
import { silentLog } from '../../kernel/log.ts'
import { CacheFill } from './cache-fill.ts'
import { ChangeFeed } from './change-feed.ts'
import { CurrentStore } from './current-store.ts'
import { domainHealth } from './domain-health.ts'
import type { ClosedStore, OpenStore } from './doctor/examined-store.ts'
import { type DbDomainOptions, type DbLimits, checkDbLimits, checkEngines } from './domain-options.ts'
import { openedSource, openedStore, sealingWriter } from './encryption/opened-store.ts'
import { Vault } from './encryption/vault.ts'
import { type EngineName, EngineSlot } from './engine-slot.ts'
import { EventRelay } from './event-relay.ts'
import { Frontier } from './frontier.ts'
import { Quorum } from './quorum/quorum.ts'
import { type RecordSource, confirmedStore, openReads } from './reads.ts'
import type { ReachingStore } from './reaching-store.ts'
import { RecentLog } from './recent-log.ts'
import { Replication } from './replication.ts'
import { CommandRunner } from './run-command.ts'
import { sharedTurn } from './shared-turn.ts'
import { type SweepReading, Sweeps } from './sweep/sweeps.ts'
import type { LogEntry, LogRead, TaskStore } from './task-store.ts'
import { Writer } from './writer.ts'

/** The tasks of a deployment and everything that keeps them: what resolvers call. */
export interface DbDomain {
  /** The stores, as long as they are current. */
  readonly store: Dispatcher<TaskStore>
  /** Reads for clients: current where that can be, else the last known, which says so. */
  readonly reads: RecordSource
  /** Reads of whatever store answers first; what is of the past says so. */
  readonly atHand: RecordSource
  /** Reads of the present only, for what cannot say that it is of the past. */
  readonly current: Pick<Dispatcher<TaskStore>, 'call'>
  /** The same with records as they are stored, which may be encrypted. */
  readonly stored: Pick<Dispatcher<TaskStore>, 'call'>
  /** What is encrypted, and how. */
  readonly vault: Vault
  /** Learns what any process has had chosen; a read of the present after it is of the present of all. */
  learn(): Promise<void>
  /** The one way to change records. */
  readonly writer: Pick<Writer, 'commit'>
  /** Runs commands: reads, decides, commits, again on conflict. */
  readonly commands: CommandRunner
  /** The change log for other domains. */
  readonly changes: ChangeFeed
  readonly clock: Clock
  /** See `DbLimits`. */
  readonly sessionMs: number
  /** The stores as they are, past everything that chooses between them; for `ennead doctor`. */
  stores(): readonly (OpenStore | ClosedStore)[]
  /**
   * Takes a store that is gone for good, or follows only, out of those that decide. Rejects with BAD_OPTION for one that is
   * there and would be taken in again, or is the last, and with UNAVAILABLE when no majority agrees.
   */
  forget(name: EngineName): Promise<void>
  health(): DomainHealth
  /** How far what goes through the stores in the background is, for metrics. */
  sweep(): SweepReading
  /** What the stores are doing now. */
  usage(): DispatcherUsage
  /** Ends commits that are on their way, then closes all stores. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens the stores, compares their histories and starts serving. Stores that cannot be opened are shown as failing and
 * tried again in the background. Throws BAD_OPTION, STORE_DIVERGED, UNAVAILABLE when no store opened, and what the
 * first store says of its data folder (see replication.ts).
 */
export async function openDbDomain(options: DbDomainOptions): Promise<DbDomain> {
  const { engines, actors, clock = systemClock, random = Math.random, log = silentLog } = options
  const limits = checkDbLimits(options.limits ?? {})
  const sources = checkEngines(engines)
  const frontier = new Frontier(clock, Math.max(1, limits.staleMsMax / ageSteps))
  const recent = new RecentLog()
  const slots = sources.map(source => new EngineSlot(source, frontier, clock))
  const create = options.createDispatcher ?? createDispatcher

  const stores = create<ReachingStore>({
    domain: 'db',
    agents: agentsOf(options, slots),
    policies: policiesOf(limits),
    clock,
    random,
    timeoutMs: limits.readMs,
    attemptMs: limits.readAttemptMs,
    agentRunningMax: limits.runningMax,
  })
  const store = new CurrentStore({ stores, slots, frontier, clock, limits })
  const readLog = (read: LogRead, call?: CallOptions): Promise<readonly LogEntry[]> =>
    store.call('log', read, call)
  const quorum: Quorum = new Quorum({
    slots,
    frontier,
    recent,
    store,
    whenHeld: seq => {
      replication.wake()
      return replication.whenHeld(seq, limits.copyWaitMs)
    },
    idle: () => replication.wake(),
    create,
    clock,
    random,
    log,
    limits,
  })
  const replication = new Replication({
    slots,
    frontier,
    recent,
    readLog,
    look: (slot, ms) => quorum.look(slot, ms),
    answered: slot => {
      revive(store, slot)
      void quorum.tend()
    },
    isCarried: slot => quorum.carries(slot),
    clock,
    log,
    limits,
  })
  const { vault = new Vault() } = options
  const batches = new Writer({ quorum, clock, log, limits })
  const writer = sealingWriter(batches, vault)
  // Commands that run into conflicts do so many at once.
  const look = sharedTurn(() => quorum.learn())
  const stored = confirmedStore(store, frontier, () => quorum.failure)
  const current = openedStore(stored, vault)
  const reads = openReads({ slots, store, frontier, clock, random, limits }, options.createDispatcher)
  const commands = new CommandRunner({ store: current, writer, actors, look, clock, random, limits })
  const changes = new ChangeFeed({ frontier, readLog, look, clock })
  const filling = new CacheFill({ slots, log })
  let sweeps: Sweeps | undefined = undefined
  let relay: EventRelay | undefined = undefined
  let closed: Promise<void> | undefined = undefined

  const closeAll = async (): Promise<void> => {
    await batches.close()
    await relay?.close()
    await filling.close()
    await sweeps?.close()
    quorum.close()
    await replication.close()
    store.close()
    reads.close()
  }
  try {
    await replication.open()
  } catch (failure) {
    await closeAll()
    throw failure
  }
  await quorum.open()
  replication.begin()
  const { openEventCopy: open } = options
  if (open !== undefined) relay = new EventRelay({ changes, open, clock, random, log })
  const holder = options.holder ?? `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`
  sweeps = new Sweeps({ slots, holder, clock, log, limits })
  return {
    store,
    reads: openedSource(reads, vault),
    atHand: openedSource({ call: (...call) => reads.atHand(...call) }, vault),
    current,
    stored,
    vault,
    learn: look,
    writer,
    commands,
    changes,
    clock,
    sessionMs: limits.sessionMs,
    stores: () =>
      slots.map(({ name, phase, learner }) =>
        phase.is === 'open' ? { name, engine: phase.engine, learner } : { name, why: phase.why },
      ),
    forget: name => quorum.forget(name),
    health: () =>
      domainHealth({
        engines,
        slots,
        dispatched: store.health(),
        failureOf: slot => replication.failureOf(slot),
        frontierSeq: frontier.head.seq,
        relay: relay?.health,
        sweep: sweeps.health,
        undecided: quorum.failure,
        isWaiting: slot => quorum.isWaiting(slot),
        isQuorum: some => quorum.isQuorum(some),
      }),
    sweep: () => sweeps.reading,
    usage: () => store.usage(),
    close: () => (closed ??= closeAll()),
  }
}

/** Steps in which the age of what a store lacks is remembered, up to the oldest that is answered. */
const ageSteps = 512

/** What every store answers. */
const reading = ['read', 'query', 'count', 'scan', 'log', 'head', 'facts'] as const

/** An agent that is being spared is only tried again by a call; when nobody calls, its recovery would go unnoticed. */
function revive(store: Dispatcher<TaskStore>, slot: EngineSlot): void {
  const agent = store.health().agents.find(({ name }) => name === slot.name)
  if (agent?.state !== 'open' || !slot.current) return
  // Whatever comes of it is noted by the breaker.
  void store.call('head', undefined).catch(() => undefined)
}

function agentsOf(
  { engines }: DbDomainOptions,
  slots: readonly EngineSlot[],
): readonly (Agent<ReachingStore> | AbsentAgent)[] {
  const absent = engines.flatMap(engine => ('absent' in engine ? [engine] : []))
  return [...slots.map(slot => slot.agent(reading)), ...absent]
}

/**
 * Lists go to the stores in their order: the first has the indexes. A record by its key is the same in every store that
 * stands at the frontier, so that the quickest is asked: one in this process costs a tenth of a server. A store that
 * hangs costs the p95 of a read, not a whole attempt: the api domain's attempts, of the same length, stand on these reads.
 */
function policiesOf(limits: DbLimits): Partial<Record<keyof TaskStore, Policy>> {
  const byKey = hedge('p95')
  const read: Policy = { ...byKey, preference: 'order' }
  const ofLog: Policy = { ...read, attemptMs: limits.logAttemptMs, timeoutMs: limits.logAttemptMs * 3 }
  // A page of a walk is as long as one of the log.
  return { read: byKey, query: read, count: read, head: read, facts: read, scan: ofLog, log: ofLog }
}
