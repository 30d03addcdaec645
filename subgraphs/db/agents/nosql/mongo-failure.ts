import { type ErrorCode, EnneadError } from '../../../../kernel/errors.ts'

/** What an operator can do about what the server says, by its code (MongoDB, error codes). */
const knownCodes: ReadonlyMap<number, readonly [code: ErrorCode, text: string]> = new Map([
  [18, ['AGENT_FAULT', 'refused the user or the password; correct them in its URL']],
  [13, ['AGENT_FAULT', 'does not allow the user to do this; grant it readWrite on the database']],
  [14_031, ['AGENT_FAULT', 'has no disk space left; free some, and it goes on by itself']],
  [91, ['UNAVAILABLE', 'is stopping']],
  [11_600, ['UNAVAILABLE', 'is stopping']],
  [10_107, ['UNAVAILABLE', 'is not the primary any more']],
  [189, ['UNAVAILABLE', 'is not the primary any more']],
])

/** What the server says, in our words and safe for clients; undefined when nothing particular is known of it. */
export function knownMongoFailure(cause: unknown): EnneadError | undefined {
  const number = codeOf(cause)
  const known = number === undefined ? undefined : knownCodes.get(number)
  if (known === undefined) return undefined
  const [code, text] = known
  return new EnneadError(code, `MongoDB ${text} (code ${number})`, { cause })
}

/** A failure of the driver as the dispatcher understands it; ours stay as they are. */
export function mongoFailure(cause: unknown): EnneadError {
  if (cause instanceof EnneadError) return cause
  const known = knownMongoFailure(cause)
  if (known !== undefined) return known
  if (wasNeverSent(cause)) return new EnneadError('UNAVAILABLE', 'MongoDB is not connected', { cause })
  const number = codeOf(cause)
  return new EnneadError('AGENT_FAULT', `MongoDB failed${number === undefined ? '' : ` (code ${number})`}`, {
    cause,
  })
}

/** Failures of the driver before it had a connection to send on; not all of these classes are exported. */
const neverSent: ReadonlySet<string> = new Set([
  'MongoServerSelectionError',
  'MongoWaitQueueTimeoutError',
  'MongoNotConnectedError',
  'MongoPoolClearedError',
  'MongooseServerSelectionError',
])

/** Did the driver give up before it had a connection to send on? Then nothing has happened. */
export function wasNeverSent(failure: unknown): boolean {
  return failure instanceof Error && neverSent.has(failure.name)
}

/** A unique key was there already. */
export function isDuplicate(failure: unknown): boolean {
  return codeOf(failure) === 11_000
}

function codeOf(failure: unknown): number | undefined {
  if (!(failure instanceof Error) || !('code' in failure)) return undefined
  return typeof failure.code === 'number' ? failure.code : undefined
}
