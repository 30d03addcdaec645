/** What an assertion says besides the request that it is for, which both sides know. */
export interface Assertion {
  /** When it was made, milliseconds since 1970. */
  readonly at: number
  /** Never comes again. Of letters, digits, `-` and `_`. */
  readonly nonce: string
  /** SHA-256 of the body, base64url. */
  readonly bodyDigest: string
  /** What the receiver has left. Undefined: as long as it allows. */
  readonly remainingMs: number | undefined
  readonly requestId: string
  readonly address: string | undefined
  readonly userAgent: string | undefined
  readonly principal: SaidPrincipal
}

/** Undefined: nobody has signed in. `digest`: SHA-256 of the text of one that came whole before, base64url. */
export type SaidPrincipal = { readonly digest: string } | { readonly whole: string } | undefined

/**
 * An assertion as text: its fields in a fixed order with `;` in between, all of them ASCII, so that a header can carry it. The
 * fields are written one by one, since making JSON and base64 of them costs more than signing them.
 */
export function writtenAssertion(said: Assertion): string {
  const { at, nonce, bodyDigest, remainingMs, requestId, address, userAgent, principal } = said
  return (
    `${at};${nonce};${bodyDigest};${remainingMs ?? ''};${encoded(requestId)};` +
    `${optional(address)};${optional(userAgent)};${writtenPrincipal(principal)}`
  )
}

/** Undefined: the text is none that `writtenAssertion` makes. */
export function readAssertion(text: string): Assertion | undefined {
  const fields = text.split(';')
  const [at = '', nonce, bodyDigest, remaining, requestId, address, userAgent, principal] = fields
  if (fields.length !== 8 || !wholeNumber.test(at)) return undefined
  if (nonce === undefined || bodyDigest === undefined || requestId === undefined) return undefined
  if (remaining === undefined || (remaining !== '' && !wholeNumber.test(remaining))) return undefined
  return {
    at: Number(at),
    nonce,
    bodyDigest,
    remainingMs: remaining === '' ? undefined : Number(remaining),
    requestId: decodeURIComponent(requestId),
    address: readOptional(address),
    userAgent: readOptional(userAgent),
    principal: readPrincipal(principal),
  }
}

const wholeNumber = /^\d{1,16}$/

function encoded(text: string): string {
  // Half a surrogate pair could not be written.
  return encodeURIComponent(text.toWellFormed())
}

/** Nothing is something else than an empty text. */
function optional(text: string | undefined): string {
  return text === undefined ? '' : `=${encoded(text)}`
}

function readOptional(field = ''): string | undefined {
  return field === '' ? undefined : decodeURIComponent(field.slice(1))
}

function writtenPrincipal(principal: SaidPrincipal): string {
  if (principal === undefined) return ''
  return 'digest' in principal
    ? `#${principal.digest}`
    : `=${Buffer.from(principal.whole).toString('base64url')}`
}

function readPrincipal(field = ''): SaidPrincipal {
  if (field === '') return undefined
  const rest = field.slice(1)
  return field.startsWith('#') ? { digest: rest } : { whole: Buffer.from(rest, 'base64url').toString() }
}
