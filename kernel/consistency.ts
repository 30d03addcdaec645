import { EnneadError } from './errors.ts'

/**
 * How much of what has happened the reads of a request must show:
 * - `strong`: everything that was acknowledged, by whichever process, before the request began.
 * - `session`: everything that the requests of this session have written or read, by whichever process. `session` is the
 *   token that the answer before came with; undefined: the session begins.
 * - `any`: whatever a store has at hand; what is known to be of the past is marked as degraded.
 */
export type Consistency =
  { readonly level: 'strong' | 'any' } | { readonly level: 'session'; readonly session: string | undefined }

/** How clients, and gateways towards subgraphs, ask for it by headers. */
export const consistencyHeaders = { level: 'ennead-consistency', session: 'ennead-session' } as const

/** How it is asked for inside a GraphQL request. */
const extensionNames = {
  level: 'extensions.ennead.consistency',
  session: 'extensions.ennead.session',
} as const

/**
 * `subgraph=epoch:seq`, for each subgraph that has such positions, with commas in between. A `+` behind it: and whatever a
 * store may have shown beyond.
 */
const tokenForm = /^[\w-]{1,64}=[^\s,=:]{0,100}:\d{1,15}\+?(,[\w-]{1,64}=[^\s,=:]{0,100}:\d{1,15}\+?){0,15}$/

/** Do these headers say anything of it? */
export function asksConsistency(headers: Readonly<Record<string, unknown>>): boolean {
  return headers[consistencyHeaders.level] !== undefined || headers[consistencyHeaders.session] !== undefined
}

/** What these headers ask for; undefined: nothing. A session alone asks for `session`. Throws BAD_REQUEST. */
export function consistencyOf(headers: Readonly<Record<string, unknown>>): Consistency | undefined {
  return parsed(headers[consistencyHeaders.level], headers[consistencyHeaders.session], consistencyHeaders)
}

/** What the extensions of a GraphQL request ask for, as `ennead.consistency` and `ennead.session`. Throws BAD_REQUEST. */
export function consistencyIn(extensions: unknown): Consistency | undefined {
  const own = member(extensions, 'ennead')
  return parsed(member(own, 'consistency'), member(own, 'session'), extensionNames)
}

function parsed(
  given: unknown,
  session: unknown,
  names: { readonly level: string; readonly session: string },
): Consistency | undefined {
  const level = given ?? (session === undefined ? undefined : 'session')
  if (level === undefined) return undefined
  if (level === 'strong' || level === 'any') return { level }
  if (level !== 'session')
    throw new EnneadError('BAD_REQUEST', `${names.level} must be strong, session or any`)
  if (session === undefined || session === '') return { level, session: undefined }
  if (typeof session === 'string' && tokenForm.test(session)) return { level, session }
  const message = `${names.session} must be extensions.ennead.session of an answer before; leave it out to begin anew`
  throw new EnneadError('BAD_REQUEST', message)
}

/** The headers that ask for it. */
export function headersOf(consistency: Consistency | undefined): Readonly<Record<string, string>> {
  if (consistency === undefined) return {}
  const { level } = consistency
  const session = consistency.level === 'session' ? consistency.session : undefined
  return {
    [consistencyHeaders.level]: level,
    ...(session === undefined ? {} : { [consistencyHeaders.session]: session }),
  }
}

/** Where a session has come to in one subgraph. */
export interface SessionPlace {
  /** Names the life of the subgraph's data; '': nothing has been seen of it. */
  readonly epoch: string
  readonly seq: number
  /** More than this may have been shown: whoever goes on must see all there is. */
  readonly open: boolean
}

/** The token of one place. */
export function sessionToken(subgraph: string, { epoch, seq, open }: SessionPlace): string {
  return `${subgraph}=${epoch}:${seq}${open ? '+' : ''}`
}

/** Where the session has come to in this subgraph; undefined: it has not been there. */
export function placeIn(session: string | undefined, subgraph: string): SessionPlace | undefined {
  return placesIn(session).get(subgraph)
}

/** A token that stands for both, which were told at the same time. What is no token is left out. */
export function joinSessions(one: string | undefined, other: unknown): string | undefined {
  if (typeof other !== 'string' || !tokenForm.test(other)) return one
  const joined = placesIn(one)
  for (const [subgraph, place] of placesIn(other)) {
    const known = joined.get(subgraph)
    joined.set(
      subgraph,
      known === undefined ? place : { ...later(known, place), open: known.open || place.open },
    )
  }
  return tokenOf(joined)
}

/** The token of a session that came with `sent` and heard `heard`, which was told after all of `sent` was seen. */
export function sessionAfter(sent: string | undefined, heard: string | undefined): string | undefined {
  const joined = placesIn(sent)
  for (const [subgraph, place] of placesIn(heard)) {
    const known = joined.get(subgraph)
    joined.set(subgraph, known === undefined ? place : { ...later(place, known), open: place.open })
  }
  return tokenOf(joined)
}

/** `extensions` with this token, added to those there are. */
export function withSession(
  extensions: Readonly<Record<string, unknown>> | undefined,
  session: string | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (session === undefined) return extensions
  const own = extensions?.['ennead']
  return { ...extensions, ennead: { ...(typeof own === 'object' ? own : {}), session } }
}

/** What stands in `extensions.ennead.session` of an answer, unchecked. */
export function sessionIn(extensions: unknown): unknown {
  return member(member(extensions, 'ennead'), 'session')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}

/** Of another life of the data the first one counts. */
function later(one: SessionPlace, other: SessionPlace): SessionPlace {
  return one.epoch === other.epoch && other.seq > one.seq ? other : one
}

function placesIn(session: string | undefined): Map<string, SessionPlace> {
  const places = new Map<string, SessionPlace>()
  for (const part of session === undefined ? [] : session.split(',')) {
    const match = /^([^=]*)=([^:]*):(\d+)(\+?)$/.exec(part)
    const [, subgraph, epoch, seq, open] = match ?? []
    if (subgraph === undefined || epoch === undefined) continue
    places.set(subgraph, { epoch, seq: Number(seq), open: open === '+' })
  }
  return places
}

function tokenOf(places: ReadonlyMap<string, SessionPlace>): string | undefined {
  if (places.size === 0) return undefined
  return [...places].map(([subgraph, place]) => sessionToken(subgraph, place)).join(',')
}
