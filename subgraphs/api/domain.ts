import { CursorCodec } from '../../events/cursor.ts'
import { Feed } from '../../events/feed.ts'
import { createDispatcher, type CreateDispatcher } from '../../dispatch/dispatcher.ts'
import { defaultLimits } from '../../dispatch/options.ts'
import type { DispatcherUsage } from '../../dispatch/dispatcher.ts'
import { failover, hedge } from '../../dispatch/policy.ts'
import type { AbsentAgent, Dispatcher } from '../../dispatch/port.ts'
import { type Clock, type Random, systemClock } from '../../kernel/clock.ts'
import type { AgentHealth, DomainHealth } from '../../kernel/health.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import { graphqlChannel } from './agents/graphql/graphql-channel.ts'
import { restChannel } from './agents/rest/rest-channel.ts'
import { websocketChannel } from './agents/websocket/websocket-channel.ts'
import { type ChannelAgent, type ChannelName, channelNames } from './channel-agent.ts'
import { changeLog } from './change-log.ts'
import type { DbAddress } from './db-address.ts'
import type { TaskChannel } from './task-channel.ts'
import type { TaskFeed } from './task-event.ts'

export interface ApiDomainOptions {
  /** Where the db subgraph listens. */
  readonly db: DbAddress
  readonly signer: HopSigner
  readonly actors: ActorDirectory
  /** Signs the cursors clients hold. At least 32 bytes, the same in every process and after restarts. */
  readonly cursorKey: Buffer
  /** Where people open the application, e.g. `https://tasks.example.org`; asked for every url, since doors open last. */
  readonly baseUrl: () => string
  /** Why agents (`graphql`, `rest`, `websocket`) are switched off, by name. Default: none is. */
  readonly absent?: ReadonlyMap<string, string>
  /** A whole call of a channel. Milliseconds. Default: the dispatcher's. */
  readonly timeoutMs?: number
  /** One attempt on an agent of db or auth; one on a way to db gets `attemptsBehind` times as long. Milliseconds. Default: the dispatcher's. */
  readonly attemptMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: Math.random. */
  readonly random?: Random
  /** Default: none. */
  readonly log?: Log
  /** How the ways to db are reached. Default: the dispatcher. */
  readonly createDispatcher?: CreateDispatcher | undefined
}

/** What the resolvers of the api subgraph stand on. */
export interface ApiDomain {
  /** The ways to db. */
  readonly channel: Dispatcher<TaskChannel>
  /** The change log, followed once for the whole process. */
  readonly feed: TaskFeed
  readonly cursors: CursorCodec
  readonly actors: ActorDirectory
  readonly baseUrl: () => string
  health(): DomainHealth
  /** What the ways to db are doing now. */
  usage(): DispatcherUsage
  /** Ends all listeners and connections. Idempotent. */
  close(): Promise<void>
}

/** Opens the ways to db; db need not be there yet. Throws BAD_OPTION naming what is wrong. */
export async function openApiDomain(options: ApiDomainOptions): Promise<ApiDomain> {
  const { db, signer, actors, absent = new Map(), clock = systemClock, random = Math.random } = options
  const { log = silentLog, timeoutMs, attemptMs = defaultLimits.attemptMs } = options
  const cursors = new CursorCodec(options.cursorKey)
  const { baseUrl } = options
  const channels: ChannelAgent[] = []
  const make: Readonly<Record<ChannelName, () => ChannelAgent>> = {
    websocket: () => websocketChannel({ db, signer, clock, random, log }),
    graphql: () => graphqlChannel({ db, signer }),
    rest: () => restChannel({ db, signer }),
  }
  const agents = channelNames.map((name): ChannelAgent | AbsentAgent => {
    const why: string | undefined = absent.get(name)
    if (why !== undefined) return { name, absent: why }
    const agent = make[name]()
    channels.push(agent)
    return agent
  })
  const channel = (options.createDispatcher ?? createDispatcher)<TaskChannel>({
    domain: 'api',
    agents,
    // The stream has what happens first; a question is best asked where answers come quickest.
    policies: {
      changes: { ...failover, preference: 'order' },
      history: failover,
      existing: { ...hedge(), attemptMs: attemptMs * attemptsBehind },
    },
    clock,
    random,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    attemptMs,
  })
  const feed: TaskFeed = new Feed({
    source: changeLog(channel),
    clock,
    random,
    log,
    limits: { waitMs: followMs },
  })
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    feed.close()
    channel.close()
    await Promise.all(channels.map(agent => agent.close()))
  }
  return {
    channel,
    feed,
    cursors,
    actors,
    baseUrl,
    health: () => withOwnKnowledge(channel.health(), channels),
    usage: () => channel.usage(),
    close: () => (closed ??= close()),
  }
}

/**
 * Behind each way is db with agents of its own, one of which may hang: a way that had no more time than that agent would
 * be blamed for it, and db's second agent never be heard. A way that itself hangs is made up for by the hedge.
 */
const attemptsBehind = 2

/** How long one read of the log waits. Long enough to be idle, short enough that a way that hangs is soon left. */
const followMs = 5_000

/** A way that knows it is broken says so, also when nobody has tried it. */
function withOwnKnowledge(health: DomainHealth, channels: readonly ChannelAgent[]): DomainHealth {
  const agents = health.agents.map((agent): AgentHealth => {
    const why = channels.find(channel => channel.name === agent.name)?.failing?.()
    return agent.state === 'ok' && why !== undefined ? { ...agent, state: 'failing', detail: why } : agent
  })
  return { ...health, agents }
}
