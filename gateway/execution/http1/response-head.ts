import { hopHeaders } from '../../../kernel/hop.ts'

/** What the head of an HTTP/1.1 response says of how to read it. */
export interface ResponseHead {
  readonly status: number
  /** As sent, without the space around it; empty: there is none. */
  readonly contentType: string
  readonly contentEncoding: string
  /** `x-ennead-principal` (kernel/hop.ts); empty: there is none. */
  readonly principal: string
  readonly body:
    | { readonly kind: 'length'; readonly bytes: number }
    | { readonly kind: 'chunked' }
    /** It ends with the connection. */
    | { readonly kind: 'rest' }
  /** May the connection take another request, and for how long will the other side keep it? Milliseconds; undefined: it did not say. */
  readonly keep: false | { readonly forMs: number | undefined }
}

/** The bytes are not a response as RFC 9112 has them, or one that two readers could understand differently. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse'
}

/** Heads kept, and the longest of them: those of one second differ only in their lengths. */
const keptMax = 256
const keptLengthMax = 1_024
const kept = new Map<string, ResponseHead>()

/** What `readHead` says of it, kept for as long as the same head comes again and again. Throws MalformedResponse. */
export function responseHead(text: string): ResponseHead {
  const known = kept.get(text)
  if (known !== undefined) return known
  const head = readHead(text)
  if (text.length <= keptLengthMax) {
    if (kept.size >= keptMax) kept.clear()
    kept.set(text, head)
  }
  return head
}

/**
 * Reads the head of a response, up to and with the empty line, strictly: whatever two readers could understand differently
 * (bare line ends, folded lines, two lengths, a length beside an encoding) is refused. Throws MalformedResponse.
 */
function readHead(text: string): ResponseHead {
  if (!statusLine.test(text) || lineFault.test(text)) throw new MalformedResponse('no HTTP/1.1 head')
  const fields: Fields = {
    type: '',
    encoding: '',
    principal: '',
    transfer: '',
    connection: '',
    keepAlive: '',
    length: -1,
  }
  let at = text.indexOf('\r\n') + 2
  const end = text.length - 2
  while (at < end) {
    const stop = text.indexOf('\r\n', at)
    const colon = text.indexOf(':', at)
    if (colon <= at || colon > stop || isSpace(text.charCodeAt(colon - 1))) {
      throw new MalformedResponse('a header without name')
    }
    if (lengths.has(colon - at))
      take(fields, text.slice(at, colon).toLowerCase(), text.slice(colon + 1, stop).trim())
    at = stop + 2
  }
  const status = Number(text.slice(9, 12))
  return {
    status,
    contentType: fields.type,
    contentEncoding: fields.encoding,
    principal: fields.principal,
    body: bodyOf(status, fields),
    keep: text[7] === '1' && fields.connection === '' ? { forMs: keptMs(fields.keepAlive) } : false,
  }
}

interface Fields {
  type: string
  encoding: string
  principal: string
  transfer: string
  /** Anything but `keep-alive`. */
  connection: string
  keepAlive: string
  length: number
}

const statusLine = /^HTTP\/1\.[01] [1-9]\d\d[ \r]/
/** Line ends that are none, folded lines, and NUL. */
const lineFault = /[^\r]\n|\r[^\n]|\n[ \t]|\0/
/** Of the names that are looked at. */
const lengths: ReadonlySet<number> = new Set([10, 12, 14, 16, 17, 18])

function take(fields: Fields, name: string, value: string): void {
  switch (name) {
    case 'content-type':
      if (fields.type === '') fields.type = value
      return
    case 'content-encoding':
      if (fields.encoding === '') fields.encoding = value
      return
    case hopHeaders.principal:
      fields.principal = value
      return
    case 'content-length': {
      const length = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      if (Number.isNaN(length) || (fields.length >= 0 && fields.length !== length)) {
        throw new MalformedResponse('no length, or two')
      }
      fields.length = length
      return
    }
    case 'transfer-encoding':
      fields.transfer += `,${value.toLowerCase()}`
      return
    case 'connection':
      if (value.toLowerCase() !== 'keep-alive') fields.connection = value
      return
    case 'keep-alive':
      fields.keepAlive = value
      return
    default:
  }
}

function bodyOf(status: number, { length, transfer }: Fields): ResponseHead['body'] {
  if (status < 200 || status === 204 || status === 304) return { kind: 'length', bytes: 0 }
  if (transfer === '') return length < 0 ? { kind: 'rest' } : { kind: 'length', bytes: length }
  if (transfer !== ',chunked' || length >= 0) throw new MalformedResponse('a body of unknown length')
  return { kind: 'chunked' }
}

function keptMs(keepAlive: string): number | undefined {
  const seconds = /(?:^|[,; ])timeout=(\d{1,6})/i.exec(keepAlive)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9
}
