import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import type { MemberRecord } from '../authority.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import { prepareUser } from '../members/new-user.ts'
import type { PasswordHasher } from '../sign-in/password.ts'
import type { Caller } from '../sign-in/sessions.ts'
import { type Acceptor, type Invitations, openInvitation } from './invitations.ts'

export interface InvitedProfile {
  readonly displayName: string | undefined
  readonly password: string | undefined
}

export interface AcceptParts {
  readonly invitations: Pick<Invitations, 'accept'>
  readonly passwords: PasswordHasher
  readonly clock: Clock
  /** The store that knows most. */
  readonly best: () => DirectoryStore
}

/**
 * Accepts an invitation for who is signed in, whose address must be the invited one, or for a new user with a password. Who has an
 * account has to sign in first: a token alone must not get into it. Rejects with FORBIDDEN or BAD_USER_INPUT.
 */
export async function acceptByPassword(
  { invitations, passwords, clock, best }: AcceptParts,
  token: string,
  by: ActorPrincipal | undefined,
  { displayName, password }: InvitedProfile,
  caller: Caller,
): Promise<MemberRecord> {
  if (by !== undefined)
    return invitations.accept(token, (invitation, store) => asUser(by, invitation, store), caller)
  // Looked at before a password is hashed for nothing.
  const { email } = openInvitation(best(), token, new Date(clock.wall()).toISOString())
  refuseKnown(best(), email)
  if (displayName === undefined || password === undefined)
    throw new EnneadError('BAD_USER_INPUT', 'a new user needs displayName and password')
  const prepared = await prepareUser({ email, displayName, password }, passwords)
  const asNew = (_invitation: unknown, store: DirectoryStore): Acceptor => {
    refuseKnown(store, email)
    const user = prepared.record(store, clock.wall())
    return { user, puts: [user] }
  }
  return invitations.accept(token, asNew, caller)
}

function asUser(
  { actorId }: ActorPrincipal,
  { email }: { readonly email: string },
  store: DirectoryStore,
): Acceptor {
  const user = store.get('user', actorId)
  if (user?.email === email) return { user, puts: [] }
  throw new EnneadError('FORBIDDEN', 'the invitation is for another e-mail address')
}

function refuseKnown(store: DirectoryStore, email: string): void {
  if (store.userByEmail(email) === undefined) return
  throw new EnneadError('FORBIDDEN', 'the invited address has an account: sign in to it, then accept')
}
