/** What the head of a subgraph's answer says of whether it may be kept. Undefined where there is no such header. */
export interface CachingHeaders {
  readonly cacheControl: string | undefined
  readonly age: string | undefined
  readonly vary: string | undefined
}

/** `Cache-Control` of RFC 9111, `stale-if-error` of RFC 5861, and what `Vary` and `Age` add to it. Times are milliseconds. */
export interface SaidOfKeeping {
  readonly keep: boolean
  /** Undefined: it does not say how long. */
  readonly maxAgeMs: number | undefined
  /** How old the answer was when it came. */
  readonly ageMs: number
  /** Undefined: it does not say whose it is. */
  readonly scope: 'public' | 'private' | undefined
  /** How long after its age it may be given when the subgraph fails. Undefined: it does not say. */
  readonly staleIfErrorMs: number | undefined
}

/** Undefined: nothing is said. What cannot be read counts as not to be kept. */
export function saidOfKeeping({ cacheControl, age, vary }: CachingHeaders): SaidOfKeeping | undefined {
  if (vary?.includes('*') === true) return unkept
  if (cacheControl === undefined || cacheControl.trim() === '') return undefined
  const said = new Map(cacheControl.split(',').map(directiveOf))
  const times = ['max-age', 's-maxage', 'stale-if-error'] as const
  const [maxAge, sharedMaxAge, staleIfError] = times.map(name => secondsOf(said.get(name)))
  if (said.has('no-store') || said.has('no-cache')) return unkept
  if ([maxAge, sharedMaxAge].some(Number.isNaN)) return unkept
  const scope =
    said.has('private') || /\b(?:authorization|cookie)\b/i.test(vary ?? '')
      ? 'private'
      : said.has('public') || sharedMaxAge !== undefined
        ? 'public'
        : undefined
  const revalidated = said.has('must-revalidate') || said.has('proxy-revalidate')
  const seconds = scope === 'private' ? maxAge : (sharedMaxAge ?? maxAge)
  return {
    keep: true,
    maxAgeMs: seconds === undefined ? undefined : seconds * 1_000,
    ageMs: (Number(secondsOf(age)) || 0) * 1_000,
    scope,
    staleIfErrorMs: revalidated || Number.isNaN(staleIfError) ? 0 : staleIfError && staleIfError * 1_000,
  }
}

const unkept: SaidOfKeeping = {
  keep: false,
  maxAgeMs: 0,
  ageMs: 0,
  scope: undefined,
  staleIfErrorMs: 0,
}

/** The lower-case name of a directive and its value, without quotes. */
function directiveOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  const name = (at < 0 ? text : text.slice(0, at)).trim().toLowerCase()
  return [
    name,
    at < 0
      ? ''
      : text
          .slice(at + 1)
          .trim()
          .replaceAll('"', ''),
  ]
}

/** Undefined: there is none; NaN: it is no number of seconds. At most 2^31, as RFC 9111 (1.2.2) allows. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d+$/.test(text.trim()) ? Math.min(Number(text), 2 ** 31) : Number.NaN
}
