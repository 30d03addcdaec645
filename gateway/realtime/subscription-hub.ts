import { createHash, randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { CursorCodec } from '../../events/cursor.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import { errorsOf } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { contextOf } from '../admission/run-operation.ts'
import type { Caller } from '../admission/run-operation.ts'
import type { Engine, GraphQLRequest, PreparedOperation } from '../engine.ts'
import { beginTrace } from '../tracing.ts'
import { authorisationScope } from './authorisation-scope.ts'
import { hubDefaults } from './hub-options.ts'
import type { BatchLimits, HubTools } from './hub-options.ts'
import type { Subscriber, Subscription } from './reader.ts'
import type { RingLimits } from './replay-ring.ts'
import { endBy } from './stream-end.ts'
import { Topic } from './topic.ts'
import type { TopicOwner } from './topic.ts'

export interface HubOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds for a question to the sources of a stream. */
  readonly requestTimeoutMs: number
  /** Largest event, bytes. */
  readonly answerBytesMax: number
  /** What is kept of each stream. Default: 1,000 events, 1 MiB. */
  readonly ring?: RingLimits
  /** What is sent to a reader at once. Default: 64 events, 32 KiB. */
  readonly batch?: BatchLimits
  /** Default: Math.random. */
  readonly random?: Random
}

/** One subscription of one client. */
export interface SubscriptionRequest {
  readonly operation: PreparedOperation
  readonly request: GraphQLRequest
  readonly caller: Caller
  readonly requestId: string
  /** Of the request that brought it: may say what trace it is part of. */
  readonly headers: IncomingHttpHeaders
  /** Cursor of the last event the client has, in place of the operation's own `after`. */
  readonly after: string | undefined
  /** As in DoorRequest. */
  readonly latestBy?: string | undefined
}

/**
 * Behind every door that streams: identical subscriptions of callers who see the same share one source, one completion
 * and one serialisation of each event, however many they are. Lets go of a source as soon as nobody reads it.
 */
export class SubscriptionHub {
  readonly #options: HubOptions
  readonly #tools: HubTools
  readonly #topics = new Map<string, Topic>()
  readonly #requests = new Map<Topic, SubscriptionRequest>()
  readonly #cursors = new CursorCodec(randomBytes(32))
  readonly #life = randomBytes(9).toString('base64url')
  #count = 0
  #keptBytes = 0

  constructor(options: HubOptions) {
    const { clock, log, answerBytesMax, random = Math.random } = options
    const { ring, batch, retry } = { ...hubDefaults, ...options }
    this.#options = options
    this.#tools = { clock, random, log, ring, batch, retry, answerBytesMax }
    options.engine.onSupergraph?.(() => void this.#replan())
  }

  /** Sources that are open now. */
  get streams(): number {
    let count = 0
    for (const topic of this.#topics.values()) count += topic.streams
    return count
  }

  /** The subscriber is told events from the first that it has not got; an end may be told before this returns. */
  join(asked: SubscriptionRequest, subscriber: Subscriber): Subscription {
    const { subscription } = asked.operation
    const topic = this.#topic(asked)
    const joined = topic.join(subscriber, asked.after ?? subscription?.after, asked.latestBy)
    this.#tools.log.debug('stream.joined', { requestId: asked.requestId, sources: topic.streams })
    return joined
  }

  /** Lets go of every source. */
  close(): void {
    for (const topic of this.#topics.values()) topic.close()
  }

  #topic(asked: SubscriptionRequest): Topic {
    const { subscription } = asked.operation
    this.#count += 1
    const key =
      subscription === undefined
        ? `alone ${this.#count}`
        : `${authorisationScope(asked.caller)}\n${subscription.topic}`
    const known = this.#topics.get(key)
    if (known !== undefined) return known
    const topic = new Topic(asked.operation, this.#ownerOf(asked, key), this.#tools)
    this.#topics.set(key, topic)
    this.#requests.set(topic, asked)
    return topic
  }

  #ownerOf(asked: SubscriptionRequest, key: string): TopicOwner {
    const { caller, requestId, headers } = asked
    const { engine, clock, requestTimeoutMs } = this.#options
    const log = this.#options.log.with({ requestId })
    const scope = createHash('sha256').update(key).digest('base64url')
    const shared = asked.operation.subscription !== undefined
    return {
      open: (operation, after, signal) => {
        const budget = new RequestBudget(clock, requestTimeoutMs)
        // A subscription has no end of time; only its events have.
        budget.end()
        const trace = beginTrace(headers, 'graphql stream')
        const context = { ...contextOf(caller, requestId, budget, trace), signal }
        const stream = engine.subscribe(operation, context, after)
        trace.end('ok', {})
        return stream
      },
      told: failure => errorsOf(failure, log),
      expired: () => {
        const { principal } = caller
        return principal !== undefined && principal.expiresAt * 1000 <= clock.wall() + expiryToleranceMs
      },
      cursorOf: (epoch, place) =>
        shared ? this.#cursors.encode({ epoch, seq: place + 1 }, scope) : undefined,
      newEpoch: () => `${this.#life}-${(this.#count += 1)}`,
      keep: bytes => {
        if (this.#keptBytes + bytes > hubDefaults.keptBytesMax) return false
        this.#keptBytes += bytes
        return true
      },
      forgotten: bytes => void (this.#keptBytes -= bytes),
      empty: () => {
        const topic = this.#topics.get(key)
        if (topic === undefined) return
        this.#topics.delete(key)
        this.#requests.delete(topic)
      },
    }
  }

  /** Another supergraph serves: every stream goes on as it is planned there, or its readers are told why not. */
  async #replan(): Promise<void> {
    const { engine, log } = this.#options
    const topics = this.#requests.size
    for (const [topic, { request, caller, requestId }] of this.#requests) {
      try {
        topic.continueAs(await engine.prepare(request, caller.principal))
      } catch (failure) {
        topic.dismiss(endBy(errorsOf(failure, log.with({ requestId }))))
      }
    }
    log.info('stream.planned-anew', { topics })
  }
}

/** Two clocks, and timers, are not exact: a refusal so near to the end of a credential is its end. Milliseconds. */
const expiryToleranceMs = 1_000
