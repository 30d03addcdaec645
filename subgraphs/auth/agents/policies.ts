import { type Policy, failover } from '../../../dispatch/policy.ts'
import type { Authority } from '../authority.ts'

const inOrder: Policy = { ...failover, preference: 'order' }

/** How each operation of the port is tried: authorities one after the other, those that know more first. */
export const policies: Readonly<Record<keyof Authority, Policy>> = {
  identify: inOrder,
  users: inOrder,
  workspaces: inOrder,
  members: inOrder,
  countMembers: inOrder,
  member: inOrder,
  session: inOrder,
  sessions: inOrder,
  apiKey: inOrder,
  apiKeys: inOrder,
  serviceAccounts: inOrder,
  invitations: inOrder,
  projectRoles: inOrder,
  identities: inOrder,
  // A derivation takes 25 ms and may wait for 32 others; two at a time.
  verifyPassword: { ...inOrder, attemptMs: 2_000, timeoutMs: 4_500 },
  // Longer than one copy is waited for (replica.ts), so that the others' success is known first. Merging is idempotent.
  put: { ...inOrder, attemptMs: 3_000, timeoutMs: 4_500 },
}
