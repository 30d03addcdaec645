import { type MongoAbility, type RawRuleOf, createMongoAbility } from '@casl/ability'
import { type PackRule, packRules, unpackRules } from '@casl/ability/extra'
import { unreachable } from '../../kernel/errors.ts'
import type { Role } from '../../kernel/principal.ts'

type AbilityRule = RawRuleOf<MongoAbility>

/** Who may do what in a workspace, and with which scopes. The one place where this is decided. */
export interface Grant {
  readonly role: Role
  readonly scopes: readonly string[]
  /** As `packRules` of @casl/ability/extra writes them. */
  readonly rules: readonly unknown[]
}

const scopesOfRole: Readonly<Record<Role, readonly string[]>> = {
  OWNER: ['tasks:read', 'tasks:write'],
  ADMIN: ['tasks:read', 'tasks:write'],
  MEMBER: ['tasks:read', 'tasks:write'],
  GUEST: ['tasks:read'],
}

/** What a member with `role` may do. Every rule holds in their workspace only. */
export function grantOf(role: Role, workspaceId: string, actorId: string): Grant {
  const leave = { action: 'delete', subject: 'Member', conditions: { workspaceId, userId: actorId } }
  const rules = packRules([...rulesOf(role, workspaceId, actorId), leave])
  return { role, scopes: scopesOfRole[role], rules }
}

/** The same grant with only those of its scopes that are in `scopes`; without `tasks:write` it may only read and comment. */
export function narrowGrant(
  grant: Grant,
  scopes: readonly string[],
  workspaceId: string,
  actorId: string,
): Grant {
  const kept = grant.scopes.filter(scope => scopes.includes(scope))
  if (kept.length === grant.scopes.length) return grant
  if (!kept.includes('tasks:read')) return { role: grant.role, scopes: kept, rules: [] }
  return { role: grant.role, scopes: kept, rules: packRules(rulesOf('GUEST', workspaceId, actorId)) }
}

/** Rules at work, of a principal's packed ones. */
export function abilityOf(packed: readonly unknown[]): MongoAbility {
  // A principal's rules are what packRules wrote: from grantOf, or from a token we signed.
  return createMongoAbility(unpackRules(packed as PackRule<AbilityRule>[]))
}

function rulesOf(role: Role, workspaceId: string, actorId: string): AbilityRule[] {
  const here = { workspaceId }
  switch (role) {
    case 'OWNER':
      return [{ action: 'manage', subject: 'all', conditions: here }]
    case 'ADMIN':
      return [
        { action: 'manage', subject: 'all', conditions: here },
        // Who may do more is not theirs to make or unmake.
        {
          action: ['update', 'delete'],
          subject: 'Member',
          conditions: { ...here, role: 'OWNER' },
          inverted: true,
        },
      ]
    case 'MEMBER':
      return [
        { action: 'read', subject: 'all', conditions: here },
        { action: ['create', 'update', 'assign', 'comment'], subject: 'Task', conditions: here },
        // Their own tasks also away and back.
        { action: ['delete', 'restore'], subject: 'Task', conditions: { ...here, creatorId: actorId } },
        { action: ['create', 'update'], subject: 'Project', conditions: here },
        { action: 'create', subject: ['Label', 'Comment'], conditions: here },
      ]
    case 'GUEST':
      return [
        { action: 'read', subject: 'all', conditions: here },
        { action: 'comment', subject: 'Task', conditions: here },
        { action: 'create', subject: 'Comment', conditions: here },
      ]
    default:
      return unreachable(role)
  }
}
