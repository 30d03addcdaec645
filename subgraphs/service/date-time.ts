import { GraphQLError, GraphQLScalarType, Kind } from 'graphql'

/** RFC 3339 section 5.6, with capital T and Z, and at most nine digits of a second. */
const instantForm =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

const firstInstant = Date.parse('0001-01-01T00:00:00.000Z')
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * The instant an ISO 8601 text with a time zone means, as text in UTC with milliseconds (finer digits are cut off), or
 * undefined when it is none: no zone, a day or time that does not exist, or outside the years 0001 to 9999.
 */
export function normalInstant(text: string): string | undefined {
  const match = instantForm.exec(text)
  if (match === null) return undefined
  // The form has matched, so groups 1 to 6 hold digits; 7 to 10 may be undefined.
  const [, year = '', month = '', day = '', hour, minute, second, fraction = '', sign, hours, minutes] = match
  const date = new Date(0)
  // Date.UTC would move the years 0 to 99 into the twentieth century.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, '0').slice(0, 3)))
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  const instant = date.getTime() - offset * 60_000
  return instant < firstInstant || instant > lastInstant ? undefined : new Date(instant).toISOString()
}

/** `scalar DateTime`: in resolvers always ISO 8601 text in UTC with milliseconds, so that instants sort as text. */
export const dateTimeScalar: GraphQLScalarType<string, string> = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description:
    'An instant in ISO 8601 with a time zone, e.g. 2026-11-21T09:00:00Z. Answers are in UTC with milliseconds.',
  serialize: outgoing,
  parseValue: incoming,
  parseLiteral: node => incoming(node.kind === Kind.STRING ? node.value : undefined),
})

function incoming(value: unknown): string {
  const instant = typeof value === 'string' ? normalInstant(value) : undefined
  if (instant !== undefined) return instant
  throw new GraphQLError(
    'DateTime must be an instant in ISO 8601 with a time zone, from year 0001 to 9999, e.g. "2026-11-21T09:00:00Z"',
    { extensions: { code: 'BAD_USER_INPUT' } },
  )
}

function outgoing(value: unknown): string {
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value
  const instant = typeof text === 'string' ? normalInstant(text) : undefined
  if (instant !== undefined) return instant
  throw new TypeError(`a resolver answered a DateTime that is no instant: ${String(value)}`)
}
