import { type ErrorCode, EnneadError } from '../../../../kernel/errors.ts'

/** What an operator can do about what the server says, by the word it begins with. */
const knownWords: readonly (readonly [says: RegExp, code: ErrorCode, text: string])[] = [
  [/^(WRONGPASS|NOAUTH)\b/, 'AGENT_FAULT', 'refused the user or the password; correct them in its URL'],
  [/^NOPERM\b/, 'AGENT_FAULT', 'does not allow the user to do this; allow it all commands on keys ennead:*'],
  // Says why in its own words, e.g. `No space left on device`.
  [
    /^MISCONF\b.*No space left/s,
    'AGENT_FAULT',
    'has no disk space left; free some, and it goes on by itself',
  ],
  [/^MISCONF\b/, 'AGENT_FAULT', 'cannot write its append-only file or its snapshot; its own log says why'],
  [/^OOM\b/, 'AGENT_FAULT', 'has reached its maxmemory; raise it'],
  [/^READONLY\b/, 'AGENT_FAULT', 'is a replica; give the URL of the primary'],
  [/^LOADING\b/, 'UNAVAILABLE', 'is reading its data after a start'],
]

/** What the server says, in our words and safe for clients; undefined when nothing particular is known of it. */
export function knownRedisFailure(cause: unknown): EnneadError | undefined {
  if (!(cause instanceof Error)) return undefined
  // From a script the server names the script first.
  const said = cause.message.replace(/^ERR Error running script.*?: /s, '').replace(/^-/, '')
  const known = knownWords.find(([says]) => says.test(said))
  if (known === undefined) return undefined
  const [, code, text] = known
  return new EnneadError(code, `Redis ${text} (${said.split(' ', 1)[0] ?? ''})`, { cause })
}

/** A failure of a command as the dispatcher understands it. */
export function redisFailure(cause: unknown): EnneadError {
  return knownRedisFailure(cause) ?? new EnneadError('AGENT_FAULT', 'Redis failed', { cause })
}
