import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { SessionEvents, SessionSocket } from './session-socket.ts'
import type { Timer } from '../../kernel/clock.ts'
import { unreachable } from '../../kernel/errors.ts'
import { subjectOf } from '../../kernel/principal.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import { forwarded } from '../admission/forwarded-headers.ts'
import type { Caller } from '../admission/run-operation.ts'
import { sightCredential } from '../admission/sight-refusals.ts'
import { asksSheddable } from '../admission/request-priority.ts'
import { errorsOf } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { traceHeaders } from '../tracing.ts'
import { clientNameOf } from '../recording/client-name.ts'
import type { ClientName } from '../recording/client-name.ts'
import { closeCodes } from './close-codes.ts'
import { connectionHeaders } from './connection-params.ts'
import { OperationRun } from './operation-run.ts'
import type { RunEvents } from './operation-run.ts'
import { CredentialWatch } from './credential-watch.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import type { Batch } from './batch.ts'
import { reconnectMs } from './reconnect.ts'
import { SocketWriter } from './socket-writer.ts'
import type { StreamEnd } from './stream-end.ts'
import type { StreamDoorOptions } from './stream-door-options.ts'
import { TransportWsProtocol } from './transport-ws-protocol.ts'
import type { Action, ProtocolLimits } from './transport-ws-protocol.ts'

/** What the upgrade request said. */
export interface SocketOpening {
  readonly requestId: string
  readonly headers: IncomingHttpHeaders
  readonly address: string | undefined
}

/** What a session asks of its door, and tells it. */
export interface SessionOwner {
  readonly protocolLimits: ProtocolLimits
  /** Whether one more socket of this principal is allowed. Called once. */
  admit(session: SocketSession, principal: ClientPrincipal | undefined): boolean
  /** From now on `recheck` is to be called now and then. */
  watched(session: SocketSession): void
  /** Its socket is gone. */
  gone(session: SocketSession): void
}

const expiredReason = 'Unauthorized: the credential has expired'

/** One client on one WebSocket: does what the protocol says with the real socket, engine and identity. */
export class SocketSession implements RunEvents, SessionEvents {
  readonly #options: StreamDoorOptions
  readonly #socket: WebSocket
  readonly #writer: SocketWriter
  #opening: SocketOpening
  readonly #protocol: TransportWsProtocol
  readonly #owner: SessionOwner
  /** A handful at most: an array is smaller than a Map. */
  #runs: readonly OperationRun[] = []
  /** Time to find out who it is; undefined: it is known. */
  #identifying: RequestBudget | undefined
  #initTimer: Timer | undefined
  #expiry: ExpiryTimer | undefined
  #caller: Caller | undefined
  #watch: CredentialWatch | undefined
  #client: ClientName = { client: undefined, version: undefined }
  #answersPing = true

  constructor(
    options: StreamDoorOptions,
    owner: SessionOwner,
    socket: SessionSocket,
    wire: Duplex,
    opening: SocketOpening,
  ) {
    const { limits, clock } = options
    this.#options = options
    this.#socket = socket
    this.#writer = new SocketWriter(socket, wire, limits.socketBufferedBytesMax, clock, options.batch)
    this.#opening = opening
    this.#owner = owner
    this.#protocol = new TransportWsProtocol(owner.protocolLimits, clock.now())
    this.#initTimer = clock.after(limits.socketInitTimeoutMs, () =>
      this.#perform(this.#protocol.initTimedOut()),
    )
    socket.serve(this)
  }

  get address(): string {
    return this.#opening.address ?? ''
  }

  close(code: number, reason: string): void {
    this.#perform(this.#protocol.close(code, reason))
  }

  /** Asks the peer for a sign of life; false when it gave none since the last time. */
  ping(): boolean {
    if (!this.#answersPing) return false
    this.#answersPing = false
    this.#writer.ping()
    return true
  }

  ponged(): void {
    this.#answersPing = true
  }

  broken(failure: Error): void {
    this.#options.log.debug('socket.error', { ...this.#facts(), failure })
  }

  /** Asks again what the credential allows. @param now By nothing that was said before. */
  recheck(now = false): void {
    void (now ? this.#watch?.checkNow() : this.#watch?.check())
  }

  terminate(): void {
    this.#socket.terminate()
  }

  received(data: WebSocket.RawData, binary: boolean): void {
    // With the default binaryType a text message always arrives as one Buffer.
    const text = binary ? undefined : (data as Buffer).toString()
    const now = this.#options.clock.now()
    this.#perform(text === undefined ? this.#protocol.receivedBinary() : this.#protocol.received(text, now))
  }

  #perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case 'send':
          if (!this.#writer.send(action.text)) this.#tooSlow()
          break
        case 'identify':
          this.#initTimer?.cancel()
          this.#initTimer = undefined
          void this.#identify(action.payload)
          break
        case 'start':
          this.#start(action)
          break
        case 'stop':
          this.#taken(action.run)?.stop()
          break
        case 'close':
          this.#options.log.debug('socket.closing', {
            ...this.#facts(),
            code: action.code,
            reason: action.reason,
          })
          this.#writer.flush()
          this.#socket.close(action.code, action.reason)
          break
        default:
          unreachable(action)
      }
    }
  }

  /** The same answer for a credential in the payload and one in the upgrade request; the payload's wins. */
  async #identify(payload: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const { identity, forwardHeaders } = this.#options
    const { headers, address } = this.#opening
    const params = connectionHeaders(payload)
    const upgradeCredential = headers['authorization']
    const credential =
      params.get('authorization') ?? (typeof upgradeCredential === 'string' ? upgradeCredential : undefined)
    const budget = new RequestBudget(this.#options.clock, this.#options.limits.requestTimeoutMs)
    this.#identifying = budget
    try {
      const principal = await identity?.principalOf(credential, budget.signal)
      if (this.#protocol.closed) return
      if (!this.#owner.admit(this, principal)) {
        this.close(closeCodes.tryAgain, 'too many sockets of this user')
        return
      }
      const sent = { ...headers, ...Object.fromEntries(params) }
      this.#client = clientNameOf(sent)
      const caller: Caller = {
        principal,
        headers: forwarded(forwardHeaders, sent),
        sheddable: asksSheddable(sent),
        userAgent: typeof headers['user-agent'] === 'string' ? headers['user-agent'] : undefined,
        address,
      }
      this.#caller = caller
      // Of the rest a socket keeps nothing for as long as it lives.
      this.#opening = { ...this.#opening, headers: traceHeaders(headers) }
      if (principal !== undefined) {
        const expire = (): void => this.close(closeCodes.unauthorized, expiredReason)
        if (principal.expiresAt * 1000 <= this.#options.clock.wall()) return expire()
        // A socket must not outlive its credential.
        this.#expiry = new ExpiryTimer(principal, this.#options.clock, expire)
        this.#watch = this.#watchOf(credential, caller)
        this.#owner.watched(this)
      }
      this.#perform(this.#protocol.acknowledge({ reconnectAfterMs: reconnectMs(Math.random) }))
    } catch (failure) {
      if (!this.#protocol.closed) this.#refuse(failure)
    } finally {
      budget.end()
      this.#identifying = undefined
    }
  }

  #watchOf(credential: string | undefined, caller: Caller): CredentialWatch {
    const { identity, clock, log, limits } = this.#options
    const { requestTimeoutMs: timeoutMs, socketRecheckMs: everyMs } = limits
    return new CredentialWatch({ identity, clock, log, timeoutMs, everyMs }, credential, caller, {
      changed: next => {
        this.#caller = next
        for (const run of this.#runs) run.callAs(next)
      },
      revoked: () =>
        this.close(closeCodes.unauthorized, 'Unauthorized: the credential is not valid any more'),
    })
  }

  #refuse(failure: unknown): void {
    const code = errorsOf(failure, this.#options.log.with(this.#facts()))[0]?.extensions.code
    sightCredential(this.#options.sight, code, this.#opening.address)
    if (code === 'UNAUTHENTICATED') this.close(closeCodes.forbidden, 'Forbidden: the credential is not valid')
    else this.close(closeCodes.tryAgain, 'the credential could not be checked, try again')
  }

  #start({ run, id, payload }: Extract<Action, { kind: 'start' }>): void {
    const caller = this.#caller
    if (caller === undefined) return
    const requestId = `${this.#opening.requestId}:${run}`
    this.#options.log.debug('socket.operation', { requestId, id })
    const { headers } = this.#opening
    const request = { run, caller, client: this.#client, requestId, headers }
    const started = new OperationRun(this.#options, request, this)
    this.#runs = this.#runs.concat(started)
    started.begin(payload)
  }

  /** Takes a run out. */
  #taken(number: number): OperationRun | undefined {
    const run = this.#runs.find(each => each.number === number)
    this.#runs = this.#runs.filter(each => each !== run)
    return run
  }

  /** An answer, which may be large by itself, waits for room. */
  async answered(run: number, json: string): Promise<void> {
    if (!(await this.#writer.room())) return this.#tooSlow()
    for (const action of this.#protocol.next(run, json)) {
      if (action.kind === 'send') this.#writer.sendAnswer(action.text)
    }
  }

  /** Events do not wait here: whoever has no room reads them later from where they are kept. */
  hasRoom(): boolean {
    if (this.#writer.hasRoom) return true
    this.#writer.whenRoom(() => {
      for (const run of this.#runs) run.roomAgain()
    })
    return false
  }

  deliver(run: number, batch: Batch): void {
    const head = this.#protocol.headOf(run)
    if (head !== undefined) this.#writer.sendEvents(head, batch)
  }

  ended(run: number, end: StreamEnd): void {
    this.#taken(run)
    if (end.kind === 'completed') this.#perform(this.#protocol.completed(run))
    else if (end.kind === 'failed') this.#perform(this.#protocol.failed(run, end.errors))
    else if (end.kind === 'expired') this.close(closeCodes.unauthorized, expiredReason)
    else if (end.kind === 'slow') this.#tooSlow()
    else {
      const code = end.errors[0]?.extensions.code ?? 'UNAVAILABLE'
      const { tryAgain, upstream } = closeCodes
      this.close(code === 'OVERLOADED' ? tryAgain : upstream, `${code}: connect again and resume`)
    }
  }

  #tooSlow(): void {
    this.close(closeCodes.tryAgain, 'reading too slowly, connect again and resume')
  }

  gone(code: number): void {
    this.#owner.gone(this)
    this.#initTimer?.cancel()
    this.#expiry?.cancel()
    this.#identifying?.cancel()
    this.#perform(this.#protocol.left())
    this.#options.log.debug('socket.closed', { ...this.#facts(), code })
  }

  #facts(): Readonly<Record<string, unknown>> {
    const principal = this.#caller?.principal
    return { requestId: this.#opening.requestId, actorId: principal && subjectOf(principal) }
  }
}
