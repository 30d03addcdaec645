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
  Event: 'event',
} as const

export type IdKind = keyof typeof idPrefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const kinds = new Map<string, IdKind>(
  // Object.entries widens the keys to string; they are those of idPrefixes.
  Object.entries(idPrefixes).map(([kind, prefix]) => [prefix, kind as IdKind]),
)

/** A new global id: the kind's prefix and a ULID in lower case, so that ids of one kind sort by creation time. */
export function newGlobalId(kind: IdKind, wallMs: number = Date.now()): string {
  let time = ''
  let rest = wallMs
  for (let index = 0; index < 10; index++) {
    time = alphabet.charAt(rest % 32) + time
    rest = Math.floor(rest / 32)
  }
  let noise = ''
  for (const byte of randomFillSync(new Uint8Array(16))) noise += alphabet.charAt(byte & 31)
  return `${idPrefixes[kind]}_${time}${noise}`
}

/** The kind an id names, or undefined when it is not one of ours; says nothing about whether the object exists. */
export function kindOfGlobalId(id: string): IdKind | undefined {
  const match = /^([a-z]+)_[0-9a-hjkmnp-tv-z]{26}$/.exec(id)
  return match?.[1] === undefined ? undefined : kinds.get(match[1])
}
