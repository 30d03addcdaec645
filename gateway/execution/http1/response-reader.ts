import { unreachable } from '../../../kernel/errors.ts'
import { ChunkedBody } from './chunked-body.ts'
import { MalformedResponse, responseHead } from './response-head.ts'
import type { ResponseHead } from './response-head.ts'

/** A whole response. */
export interface Http1Response {
  readonly status: number
  readonly principal: string
  readonly body: Buffer
  readonly keep: ResponseHead['keep']
}

type Phase =
  | { readonly in: 'head' }
  | { readonly in: 'length'; readonly head: ResponseHead; readonly body: Buffer; filled: number }
  | { readonly in: 'chunked'; readonly head: ResponseHead; readonly body: ChunkedBody }
  | { readonly in: 'rest'; readonly head: ResponseHead; readonly parts: Buffer[]; bytes: number }

/** Longest head, bytes: as long as Node's own limit. */
const headBytesMax = 16_384

/**
 * Reads one response from bytes as they come, in whatever parts; they are copied, so that their buffer can be used again.
 * Interim responses are skipped. Throws MalformedResponse, or what `judge` throws.
 */
export class ResponseReader {
  readonly #judge: (head: ResponseHead) => void
  readonly #tooLarge: () => Error
  readonly #bytesMax: number
  #phase: Phase = { in: 'head' }
  /** The part of the head that has come. */
  #begun: Buffer | undefined

  /**
   * @param judge Throws when the body of such a response is not wanted.
   * @param tooLarge What is thrown for a body of more than `bytesMax` bytes.
   */
  constructor(judge: (head: ResponseHead) => void, bytesMax: number, tooLarge: () => Error) {
    this.#judge = judge
    this.#bytesMax = bytesMax
    this.#tooLarge = tooLarge
  }

  /** Undefined: there is more to come. What stands behind the response is not allowed: nobody asked for it. */
  take(bytes: Buffer): Http1Response | undefined {
    const phase = this.#phase
    switch (phase.in) {
      case 'head':
        return this.#head(bytes)
      case 'length':
        if (bytes.length > phase.body.length - phase.filled) throw unasked()
        bytes.copy(phase.body, phase.filled)
        phase.filled += bytes.length
        return phase.filled === phase.body.length ? whole(phase.head, phase.body) : undefined
      case 'chunked': {
        const end = phase.body.take(bytes)
        if (phase.body.bytes > this.#bytesMax) throw this.#tooLarge()
        if (end === undefined) return undefined
        if (end < bytes.length) throw unasked()
        return whole(phase.head, phase.body.joined())
      }
      case 'rest':
        phase.parts.push(Buffer.from(bytes))
        phase.bytes += bytes.length
        if (phase.bytes > this.#bytesMax) throw this.#tooLarge()
        return undefined
      default:
        return unreachable(phase)
    }
  }

  /** The other side has ended the connection. Undefined: the response is not whole. */
  ended(): Http1Response | undefined {
    const phase = this.#phase
    return phase.in === 'rest' ? whole(phase.head, Buffer.concat(phase.parts)) : undefined
  }

  /** Has anything come? */
  get begun(): boolean {
    return this.#phase.in !== 'head' || this.#begun !== undefined
  }

  #head(bytes: Buffer): Http1Response | undefined {
    const all = this.#begun === undefined ? bytes : Buffer.concat([this.#begun, bytes])
    const text = headText(all)
    if (text === undefined) {
      if (all.length >= headBytesMax) throw new MalformedResponse(`a head of more than ${headBytesMax} bytes`)
      // Copied: the buffer is used again.
      this.#begun = Buffer.from(all)
      return undefined
    }
    const head = responseHead(text)
    this.#begun = undefined
    const rest = all.subarray(text.length)
    if (head.status < 200) {
      if (head.status === 101) throw new MalformedResponse('another protocol')
      return rest.length === 0 ? undefined : this.#head(rest)
    }
    this.#judge(head)
    this.#phase = this.#bodyPhase(head)
    return rest.length === 0 && !isEmpty(head) ? undefined : this.take(rest)
  }

  #bodyPhase(head: ResponseHead): Phase {
    const { body } = head
    if (body.kind === 'rest') return { in: 'rest', head, parts: [], bytes: 0 }
    if (body.kind === 'chunked') return { in: 'chunked', head, body: new ChunkedBody() }
    if (body.bytes > this.#bytesMax) throw this.#tooLarge()
    return { in: 'length', head, body: Buffer.allocUnsafe(body.bytes), filled: 0 }
  }
}

/** The head, up to and with the empty line; undefined: it is not whole. */
function headText(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(emptyLine)
  // Further than that nobody reads.
  if (end < 0 || end + emptyLine.length > headBytesMax) return undefined
  return bytes.toString('latin1', 0, end + emptyLine.length)
}

const emptyLine = Buffer.from('\r\n\r\n')

function isEmpty({ body }: ResponseHead): boolean {
  return body.kind === 'length' && body.bytes === 0
}

function whole({ status, principal, keep }: ResponseHead, body: Buffer): Http1Response {
  return { status, principal, body, keep }
}

function unasked(): MalformedResponse {
  return new MalformedResponse('more bytes than the response has')
}
