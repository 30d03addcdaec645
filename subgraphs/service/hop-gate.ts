import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import { requireBody } from '../../kernel/hop-signer.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import type { OpenedHop } from './request-hop.ts'
import { openHop, requireUnexpired } from './request-hop.ts'
import { sightStranger } from './sight-refusals.ts'
import { requireCaller } from './tls-door.ts'
import type { ServiceTls } from './tls-door.ts'

export interface HopGateOptions {
  /** The subgraph, as those who ask it call it. */
  readonly audience: string
  readonly signer: HopSigner
  /** Longest deadline a hop may ask for. Milliseconds. */
  readonly remainingMsMax: number
  /** Is told of strangers. Default: nobody is. */
  readonly sight?: Sight | undefined
  /** Default: plain HTTP, where only the assertion says who calls. */
  readonly tls?: ServiceTls | undefined
}

/** What is known of one request. */
interface Passage {
  readonly reply: FastifyReply
  readonly left: Promise<unknown>
  body: { readonly is: 'coming'; readonly hash: Hash } | { readonly is: 'read'; readonly digest: string }
  opened: OpenedHop | undefined
}

/**
 * Who calls, by request: the assertion is opened when somebody asks, before the body is read if that is then, and holds only
 * for the body that came with it, which is compared as soon as it is there and before anybody sees it.
 */
export class HopGate {
  readonly #options: HopGateOptions
  readonly #passages = new WeakMap<FastifyRequest, Passage>()

  constructor(server: FastifyInstance, options: HopGateOptions) {
    this.#options = options
    server.addHook('onRequest', (request, reply, next) => {
      const left = new Promise<unknown>(resolve => {
        reply.raw.once('close', () => resolve(reply.raw.writableFinished))
      })
      this.#passages.set(request, {
        reply,
        left,
        body: { is: 'coming', hash: createHash('sha256') },
        opened: undefined,
      })
      next()
    })
    server.addHook('preParsing', (request, _reply, payload, next) => {
      const body = this.#passage(request).body
      if (body.is === 'read' || request.headers[hopHeaders.assertion] === undefined)
        return next(null, payload)
      const hashing = new Transform({
        transform(part: Buffer, _encoding, done) {
          body.hash.update(part)
          done(null, part)
        },
      })
      payload.once('error', failure => hashing.destroy(failure))
      return next(null, payload.pipe(hashing))
    })
    server.addHook('preValidation', (request, _reply, next) => {
      const passage = this.#passage(request)
      const { body, opened } = passage
      const digest = body.is === 'read' ? body.digest : body.hash.digest('base64url')
      passage.body = { is: 'read', digest }
      if (opened !== undefined) this.#sighting(request, () => requireBody(opened, digest))
      next()
    })
  }

  /** Throws UNAUTHENTICATED for strangers. The hop's signal aborts when the caller leaves. */
  requireHop(request: FastifyRequest): Hop {
    const passage = this.#passage(request)
    if (passage.opened !== undefined) return passage.opened.hop
    const { body } = passage
    const opened = this.#sighting(request, () => {
      requireCaller(request.raw.socket, this.#options.tls, Date.now())
      const hop = this.#open(request, passage.reply)
      if (body.is === 'read') requireBody(hop, body.digest)
      return hop
    })
    requireUnexpired(opened.hop, Date.now())
    passage.opened = opened
    void passage.left.then(finished => {
      opened.end()
      if (finished !== true) opened.left()
    })
    return opened.hop
  }

  /** Tells the caller whether it may name the principal by its digest. */
  #open(request: FastifyRequest, reply: FastifyReply): OpenedHop {
    const { audience, signer, remainingMsMax } = this.#options
    const target = { audience, method: request.method, path: request.raw.url ?? '' }
    try {
      const opened = openHop(request.headers, target, { signer, remainingMsMax })
      const came = opened.hop.principal !== undefined && opened.principalForm === 'whole'
      if (came) void reply.header(hopHeaders.principal, 'kept')
      return opened
    } catch (failure) {
      const unknown = failure instanceof EnneadError && failure.code === 'PRINCIPAL_UNKNOWN'
      if (unknown) void reply.header(hopHeaders.principal, 'unknown')
      throw failure
    }
  }

  /** Tells of whoever is refused. */
  #sighting<T>({ raw }: FastifyRequest, admit: () => T): T {
    try {
      return admit()
    } catch (failure) {
      const { audience, sight } = this.#options
      sightStranger(sight, failure, { subgraph: audience, address: raw.socket.remoteAddress })
      throw failure
    }
  }

  #passage(request: FastifyRequest): Passage {
    const passage = this.#passages.get(request)
    if (passage === undefined) throw new EnneadError('INTERNAL', 'a request passed the gate unseen')
    return passage
  }
}
