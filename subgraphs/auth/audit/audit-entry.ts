import { createHash } from 'node:crypto'
import type { Role } from '../../../kernel/principal.ts'
import type { ReturnRefusal } from '../providers/provider-client.ts'
import type { ThreatKind } from '../threats/threat.ts'

/** What is worth being asked about later. Holds no secret: no password, no token, no e-mail address. */
export type AuditEvent =
  | {
      readonly kind: 'SIGNED_IN'
      readonly userId: string
      readonly workspaceId: string
      readonly sessionId: string
      /** The OIDC provider where they signed in; absent: none. */
      readonly provider?: string
    }
  | {
      readonly kind: 'PROVIDER_SIGN_IN_REFUSED'
      readonly provider: string
      /**
       * What the provider's answer lacked, or `flow`: begun elsewhere, used or too old; `unknown`: nobody here is that, and may not
       * become; `throttled`.
       */
      readonly why: ReturnRefusal | 'flow' | 'unknown' | 'throttled'
    }
  /** `account`: the first half of the SHA-256 of the address that was tried, so that tries on one can be counted. */
  | { readonly kind: 'SIGN_IN_REFUSED'; readonly account: string; readonly why: 'wrong' | 'throttled' }
  /** `elsewhere`: from another device of its user; `replayed`: its refresh token was used twice, so two parties held it. */
  | {
      readonly kind: 'SESSION_ENDED'
      readonly sessionId: string
      /** Whose it was, and where; entries of earlier versions do not say. */
      readonly userId?: string
      readonly workspaceId?: string
      readonly why: 'signedOut' | 'elsewhere' | 'replayed'
    }
  | { readonly kind: 'USER_CREATED'; readonly userId: string }
  | { readonly kind: 'WORKSPACE_CREATED'; readonly workspaceId: string }
  | {
      readonly kind: 'MEMBER_CHANGED'
      readonly userId: string
      readonly workspaceId: string
      /** Null: is no member any more. */
      readonly role: Role | null
      /** The member who did it; absent: an operator. */
      readonly by?: string
    }
  | {
      readonly kind: 'INVITATION_CREATED' | 'INVITATION_REVOKED'
      readonly invitationId: string
      readonly workspaceId: string
      /** What who accepts becomes. */
      readonly role: Role
      /** The member who did it. */
      readonly by: string
    }
  | {
      readonly kind: 'INVITATION_ACCEPTED'
      readonly invitationId: string
      readonly userId: string
      readonly workspaceId: string
      readonly role: Role
    }
  /** Somebody at an OIDC provider is this user from now on, or not any more. */
  | {
      readonly kind: 'IDENTITY_LINKED' | 'IDENTITY_UNLINKED'
      readonly userId: string
      readonly issuer: string
    }
  | {
      readonly kind: 'PROJECT_ROLE_CHANGED'
      /** A user or a service account. */
      readonly actorId: string
      readonly workspaceId: string
      readonly projectId: string
      /** Null: has none in the project any more. */
      readonly role: Role | null
      /** The member who did it; absent: an operator. */
      readonly by?: string
    }
  | {
      readonly kind: 'KEY_CREATED' | 'KEY_REVOKED'
      /** Of an API key. */
      readonly keyId: string
      /** For whom it acts: a user or a service account. */
      readonly userId: string
      readonly workspaceId: string
      /** Who did it for a service account. */
      readonly by?: string
    }
  | {
      readonly kind: 'SERVICE_ACCOUNT_CHANGED'
      readonly serviceAccountId: string
      readonly workspaceId: string
      /** Null: it is disabled. */
      readonly role: Role | null
      /** The member who did it; absent: an operator. */
      readonly by?: string
    }
  /** At most one an hour of a key. `lookups`: how often it was looked up since the entry before; gateways do so every 10 s. */
  | {
      readonly kind: 'KEY_USED'
      readonly keyId: string
      readonly userId: string
      readonly workspaceId: string
      readonly lookups: number
      readonly lastUsedAt: string
    }
  /** It looks like an attack, or like a credential that somebody else has. */
  | {
      readonly kind: 'THREAT_DETECTED'
      readonly threat: ThreatKind
      /** How often it was seen since the entry before about the same account, address or key. */
      readonly count: number
      /** Absent: of none, or of nobody known. */
      readonly workspaceId?: string
      /** Whose account or credential it is about: a user or a service account. */
      readonly userId?: string
      readonly sessionId?: string
      /** Of an API key. */
      readonly keyId?: string
      /** As in SIGN_IN_REFUSED. */
      readonly account?: string
      /** Who was asked by a stranger. */
      readonly subgraph?: string
    }
  | { readonly kind: 'KEYS_ROTATED'; readonly keyId: string }
  /** So many entries before this one could not be written. */
  | { readonly kind: 'ENTRIES_LOST'; readonly count: number }

/** From where something was asked. */
export interface AuditOrigin {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
}

/** An event in its place of the log. */
export type AuditEntry = AuditEvent &
  AuditOrigin & {
    /** From 1, without gaps. */
    readonly seq: number
    /** ISO 8601. */
    readonly at: string
    /** SHA-256 of the hash before and of this entry without it, in hexadecimal. */
    readonly hash: string
  }

/** The workspace that an entry is about. */
export function workspaceOf(entry: AuditEntry): string | undefined {
  return 'workspaceId' in entry ? entry.workspaceId : undefined
}

/** What the first entry follows. */
export const firstHash = '0'.repeat(64)

/** One line of the log: the entry as JSON, bound to everything before it by its hash. */
export function sealedLine(
  entry: Omit<AuditEntry, 'hash'>,
  previousHash: string,
): { line: string; hash: string } {
  const text = JSON.stringify(entry)
  const hash = hashOf(text, previousHash)
  return { line: `${text.slice(0, -1)},"hash":"${hash}"}\n`, hash }
}

export function hashOf(text: string, previousHash: string): string {
  return createHash('sha256').update(`${previousHash}\n${text}`).digest('hex')
}

/** The account an address stands for, without naming it. */
export function accountOf(normalEmail: string): string {
  return createHash('sha256').update(normalEmail).digest('hex').slice(0, 32)
}
