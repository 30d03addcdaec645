import { randomFillSync } from 'node:crypto'

/** The kinds of objects that have a global id, each with the prefix its ids begin with. */
export const idPrefixes = {
  Task: 'task',
  Project: 'project',
  Label: 'label',
  Comment: 'comment',
  User: 'user',
  Workspace: 'workspace',
  Session: 'session',
  ApiKey: 'apikey',
  ServiceAccount: 'serviceaccount',
  Invitation: 'invitation',
  Event: 'event',
} as const

export type IdKind = keyof typeof idPrefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const kinds = new Map<string, IdKind>(
  // Object.entries widens the keys to string; they are those of idPrefixes.
  Object.entries(idPrefixes).map(([kind, prefix]) => [prefix, kind as IdKind]),
)

/**
 * A new global id: the kind's prefix and a ULID in lower case (https://github.com/ulid/spec). Ids that one process makes
 * sort in the order they were made, also within a millisecond.
 */
export function newGlobalId(kind: IdKind, wallMs: number = Date.now()): string {
  latest =
    wallMs === latest.wallMs ? { wallMs, noise: successor(latest.noise) } : { wallMs, noise: freshNoise() }
  return `${idPrefixes[kind]}_${timeDigits(wallMs)}${latest.noise}`
}

let latest = { wallMs: -1, noise: '' }

function timeDigits(wallMs: number): string {
  let digits = ''
  for (let rest = wallMs; digits.length < 10; rest = Math.floor(rest / 32))
    digits = alphabet.charAt(rest % 32) + digits
  return digits
}

/** Begins in the lower half, so that no millisecond can count it to its end. */
function freshNoise(): string {
  const [first = 0, ...rest] = randomFillSync(new Uint8Array(16))
  return alphabet.charAt(first & 15) + rest.map(byte => alphabet.charAt(byte & 31)).join('')
}

/** The next greater digits. */
function successor(noise: string): string {
  const at = noise.search(/[^z]z*$/)
  return (
    noise.slice(0, at) +
    alphabet.charAt(alphabet.indexOf(noise.charAt(at)) + 1) +
    '0'.repeat(noise.length - at - 1)
  )
}

/** The kind an id names, or undefined when it is not one of ours; says nothing about whether the object exists. */
export function kindOfGlobalId(id: string): IdKind | undefined {
  const match = /^([a-z]+)_[0-9a-hjkmnp-tv-z]{26}$/.exec(id)
  return match?.[1] === undefined ? undefined : kinds.get(match[1])
}
