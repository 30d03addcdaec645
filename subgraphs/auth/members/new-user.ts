import { randomInt } from 'node:crypto'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { UserRecord } from '../authority.ts'
import { type DirectoryStore, isEmail, normalEmail } from '../directory/directory-store.ts'
import type { PasswordHasher } from '../sign-in/password.ts'

export interface NewUser {
  /** At most 254 characters; unique in any case. */
  readonly email: string
  /** 1 to 200 characters. */
  readonly displayName: string
  /** 8 to 1,024 characters. Default: a generated one of 20 characters. `null`: none, for users of an OIDC provider. */
  readonly password?: string | null
  /** IANA name. Default UTC. */
  readonly timezone?: string
  /** Who this is at the OIDC provider (`sub`). */
  readonly subject?: string
}

/** A user that has been checked and is not stored. */
export interface PreparedUser {
  /** The only time it is told; undefined when the user has none. */
  readonly password: string | undefined
  /** The record, unless its names are taken by now. Throws BAD_USER_INPUT. */
  readonly record: (store: DirectoryStore, wallMs: number) => UserRecord
}

/** Checks what a user shall be and hashes the password, which takes a while. Rejects with BAD_USER_INPUT. */
export async function prepareUser(given: NewUser, passwords: PasswordHasher): Promise<PreparedUser> {
  const { displayName, timezone = 'UTC', subject } = given
  const email = normalEmail(given.email)
  check(isEmail(email), 'email', email)
  check(displayName.trim().length >= 1 && displayName.length <= 200, 'displayName', displayName)
  check(isTimezone(timezone), 'timezone', timezone)
  check(subject === undefined || (subject.length >= 1 && subject.length <= 255), 'subject', subject)
  const password = given.password === null ? undefined : (given.password ?? generatedPassword())
  if (password !== undefined && (password.length < 8 || password.length > 1_024)) {
    throw new EnneadError('BAD_USER_INPUT', 'a password must have 8 to 1,024 characters')
  }
  const passwordHash = password === undefined ? undefined : await passwords.hash(password)
  return {
    password,
    record(store, wallMs) {
      if (store.userByEmail(email) !== undefined) throw taken('email', email)
      if (subject !== undefined && store.userBySubject(subject) !== undefined) throw taken('subject', subject)
      return {
        kind: 'user',
        id: newGlobalId('User', wallMs),
        version: 1,
        email,
        displayName: displayName.trim(),
        avatarUrl: null,
        timezone,
        passwordHash,
        subject,
      }
    },
  }
}

/** 20 characters of an alphabet without look-alikes, 116 bits. */
function generatedPassword(): string {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
  return Array.from({ length: 20 }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Throws BAD_USER_INPUT that names the field and shows its value, unless it is allowed. */
export function check(allowed: boolean, field: string, value: unknown): void {
  if (allowed) return
  const shown = JSON.stringify(value)?.slice(0, 80)
  throw new EnneadError('BAD_USER_INPUT', `${field}: ${shown} is not allowed`)
}

/** The refusal of a name that somebody else has. */
export function taken(field: string, value: string): EnneadError {
  return new EnneadError('BAD_USER_INPUT', `${field}: ${JSON.stringify(value)} is taken`)
}
