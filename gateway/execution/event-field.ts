import type { Principal } from '../../kernel/principal.ts'
import { subjectOf } from '../../kernel/principal.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** A field of the subscription type whose events are messages of a broker. */
export interface EventField {
  readonly name: string
  readonly stream: string
  /** Tokens of the subject, `{argument}` among them. */
  readonly tokens: readonly string[]
}

const form = /^([A-Za-z_]\w*)=([\w-]+)\/([\w-]+|\{[A-Za-z_]\w*\})((?:\.(?:[\w-]+|\{[A-Za-z_]\w*\}))*)$/

/** `field=STREAM/subject`, where tokens of the subject may be `{argument}`, `{workspace}` or `{actor}`. Throws BAD_OPTION. */
export function eventFields(words: readonly string[]): ReadonlyMap<string, EventField> {
  const fields = new Map<string, EventField>()
  for (const word of words) {
    const [, name, stream, first, more = ''] = form.exec(word) ?? []
    if (name === undefined || stream === undefined || first === undefined) {
      throw new EnneadError(
        'BAD_OPTION',
        `--event-subjects: ${JSON.stringify(word)} is not of the form field=STREAM/subject, e.g. orderChanged=ORDERS/orders.{workspace}.{id}`,
      )
    }
    if (fields.has(name)) throw new EnneadError('BAD_OPTION', `--event-subjects names "${name}" twice`)
    fields.set(name, { name, stream, tokens: `${first}${more}`.split('.') })
  }
  return fields
}

/**
 * The subject of one subscription. `{workspace}` and `{actor}` are of the caller, whatever arguments there are. Throws
 * BAD_USER_INPUT for an argument that is no token of a subject, UNAUTHENTICATED when there is no such caller.
 */
export function subjectFor(
  { tokens }: EventField,
  given: Readonly<Record<string, unknown>>,
  principal: Principal | undefined,
): string {
  return tokens
    .map(token => (token.startsWith('{') ? filled(token.slice(1, -1), given, principal) : token))
    .join('.')
}

function filled(
  name: string,
  given: Readonly<Record<string, unknown>>,
  principal: Principal | undefined,
): string {
  if (name === 'workspace' || name === 'actor') return ofCaller(name, principal)
  const value = given[name]
  const text = typeof value === 'number' ? String(value) : value
  // Anything else could name other subjects: `*`, `>`, or several tokens.
  if (typeof text === 'string' && /^[\w:=+/-]{1,200}$/.test(text)) return text
  throw new EnneadError(
    'BAD_USER_INPUT',
    `the argument "${name}" names events, so it must be 1 to 200 letters, digits or -_:=+/`,
  )
}

function ofCaller(name: 'workspace' | 'actor', principal: Principal | undefined): string {
  const text =
    principal === undefined || principal.kind === 'service'
      ? undefined
      : name === 'actor'
        ? subjectOf(principal)
        : principal.kind === 'actor'
          ? principal.workspaceId
          : undefined
  if (text !== undefined && /^[\w:=+/-]{1,200}$/.test(text)) return text
  throw new EnneadError('UNAUTHENTICATED', `these events are of one ${name}: sign in`)
}
