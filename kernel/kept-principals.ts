import { hash } from 'node:crypto'
import { BoundedCache } from './bounded-cache.ts'
import type { Principal } from './principal.ts'

/** Their rules make principals the largest part of an assertion: who has one already is told which, not all of it again. */
export interface WrittenPrincipal {
  /** JSON. */
  readonly text: string
  /** SHA-256 of the text in base64url. Nothing else has it, so that it stands for the whole principal. */
  readonly digest: string
}

/** A gateway keeps who a token is for seconds, and asks for them again and again. */
const written = new WeakMap<Principal, WrittenPrincipal>()

/** A principal as assertions carry it. */
export function writtenPrincipal(principal: Principal): WrittenPrincipal {
  const known = written.get(principal)
  if (known !== undefined) return known
  const text = JSON.stringify(principal)
  const made = { text, digest: digestOf(text) }
  written.set(principal, made)
  return made
}

/** Entries, and characters of all of them. */
const limits = { entriesMax: 10_000, sizeMax: 20_000_000 } as const

/**
 * Principals that came whole in assertions, by their digests, the least recently used going first. The same object is handed out
 * each time, so that what was made of it (rules at work, for instance) is found again.
 */
export class KeptPrincipals {
  readonly #kept = new BoundedCache<Principal>(limits)

  /** The one that is kept already, when it is the same. */
  keep(principal: Principal): Principal {
    // By what came, not by what anybody says of it.
    const text = JSON.stringify(principal)
    const digest = digestOf(text)
    const known = this.#kept.get(digest)
    if (known !== undefined) return known
    this.#kept.set(digest, principal, text.length)
    return principal
  }

  /** Undefined: it never came, or was let go of. */
  get(digest: string): Principal | undefined {
    return this.#kept.get(digest)
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}
