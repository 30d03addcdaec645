/** Media types a GraphQL answer is written in (GraphQL over HTTP, section 4). */
export const answerTypes = ['application/json', 'application/graphql-response+json'] as const
export type AnswerType = (typeof answerTypes)[number]

/**
 * The best of `offered` for an Accept header (RFC 9110, section 12.5.1): highest quality first, then the most specific
 * range, then the order of `offered`. Undefined when none is acceptable; the first when there is no header.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T | undefined {
  if (accept === undefined || accept === '*/*') return offered[0]
  const ranges = accept.split(',').slice(0, rangesMax).map(parseRange)
  let best: { readonly type: T; readonly quality: number; readonly specific: number } | undefined
  for (const type of offered) {
    const range = ranges
      .filter(range => matches(range.type, type))
      .sort((left, right) => specificity(right.type) - specificity(left.type))[0]
    if (range === undefined || range.quality === 0) continue
    const specific = specificity(range.type)
    if (
      best === undefined ||
      range.quality > best.quality ||
      (range.quality === best.quality && specific > best.specific)
    ) {
      best = { type, quality: range.quality, specific }
    }
  }
  return best?.type
}

/**
 * Does a client take an answer in parts, as the draft of 2022-08-24 has them? `multipart/mixed` of another specification is no
 * such wish.
 */
export function takesParts(accept: string | undefined): boolean {
  if (accept === undefined) return false
  return accept
    .split(',')
    .slice(0, rangesMax)
    .some(text => {
      const { type, quality } = parseRange(text)
      if (type !== 'multipart/mixed' || quality === 0) return false
      const spec = /;\s*(?:deferSpec|subscriptionSpec|incrementalSpec)\s*=\s*"?([^"\s;]*)/i.exec(text)
      return spec === null || /;\s*deferSpec\s*=\s*"?20220824"?\s*(?:;|$)/i.test(text)
    })
}

/** A Content-Type header's type in lower case, and its charset in lower case when it has one. */
export function contentType(header: string | undefined): { type: string; charset: string | undefined } {
  // As nearly all clients write it.
  if (header === 'application/json') return { type: header, charset: undefined }
  const [type = '', ...parameters] = (header ?? '').split(';')
  const charset = parameters
    .map(parameter => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter)?.[1])
    .find(value => value !== undefined)
  return { type: type.trim().toLowerCase(), charset: charset?.toLowerCase() }
}

/** Ranges of an Accept header that are looked at. */
const rangesMax = 32

interface Range {
  readonly type: string
  readonly quality: number
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';')
  const quality = parameters
    .map(parameter => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1])
    .find(value => value !== undefined)
  return { type: type.trim().toLowerCase(), quality: quality === undefined ? 1 : Number(quality) }
}

function matches(range: string, type: string): boolean {
  if (range === '*/*' || range === type) return true
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1))
}

function specificity(range: string): number {
  if (range === '*/*') return 0
  return range.endsWith('/*') ? 1 : 2
}
