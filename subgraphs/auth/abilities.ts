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

/** A role in one project. It adds to the one in the workspace and takes nothing away. */
export interface ProjectGrant {
  readonly projectId: string
  readonly role: Role
}

const scopesOfRole: Readonly<Record<Role, readonly string[]>> = {
  OWNER: ['tasks:read', 'tasks:write'],
  ADMIN: ['tasks:read', 'tasks:write'],
  MEMBER: ['tasks:read', 'tasks:write'],
  GUEST: ['tasks:read'],
}

/** From most to least. */
const order: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST']

/** What a member with `role` may do, and what roles in projects add to it. Every rule holds in their workspace only. */
export function grantOf(
  role: Role,
  workspaceId: string,
  actorId: string,
  projects: readonly ProjectGrant[] = [],
): Grant {
  const leave = { action: 'delete', subject: 'Member', conditions: { workspaceId, userId: actorId } }
  const more = projects.filter(one => order.indexOf(one.role) < order.indexOf(role))
  const rules = [
    ...rulesOf(role, workspaceId, actorId),
    ...(['OWNER', 'ADMIN', 'MEMBER'] as const).flatMap(projectRole => {
      const ids = more.filter(one => one.role === projectRole).map(({ projectId }) => projectId)
      return ids.length === 0 ? [] : projectRulesOf(projectRole, workspaceId, actorId, ids)
    }),
    leave,
  ]
  const scopes = new Set([role, ...more.map(one => one.role)].flatMap(one => scopesOfRole[one]))
  return { role, scopes: [...scopes], rules: packRules(rules) }
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

/** Who asks again comes with the same rules (kernel/kept-principals.ts). */
const abilities = new WeakMap<readonly unknown[], MongoAbility>()

/** Rules at work, of a principal's packed ones. */
export function abilityOf(packed: readonly unknown[]): MongoAbility {
  const known = abilities.get(packed)
  if (known !== undefined) return known
  // A principal's rules are what packRules wrote: from grantOf, or from a token we signed.
  const ability = createMongoAbility(unpackRules(packed as PackRule<AbilityRule>[]))
  abilities.set(packed, ability)
  return ability
}

function rulesOf(role: Role, workspaceId: string, actorId: string): AbilityRule[] {
  const here = { workspaceId }
  // An address that was invited, and who signed in from where, is not everybody's to know.
  const hidden: AbilityRule = { action: 'read', subject: ['Invitation', 'AuditEntry'], inverted: true }
  switch (role) {
    case 'OWNER':
      return [{ action: 'manage', subject: 'all', conditions: here }]
    case 'ADMIN':
      return [
        { action: 'manage', subject: 'all', conditions: here },
        // Who may do more is not theirs to make or unmake.
        {
          action: ['create', 'update', 'delete'],
          subject: ['Member', 'ServiceAccount', 'Invitation', 'ProjectRole'],
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
        hidden,
      ]
    case 'GUEST':
      return [
        { action: 'read', subject: 'all', conditions: here },
        { action: 'comment', subject: 'Task', conditions: here },
        { action: 'create', subject: 'Comment', conditions: here },
        hidden,
      ]
    default:
      return unreachable(role)
  }
}

/** Reading is the workspace's affair: rules of projects never name it, so that lists stay one condition on the workspace. */
function projectRulesOf(
  role: 'OWNER' | 'ADMIN' | 'MEMBER',
  workspaceId: string,
  actorId: string,
  projectIds: readonly string[],
): AbilityRule[] {
  const inside = { workspaceId, projectId: { $in: projectIds } }
  const itself = { workspaceId, id: { $in: projectIds } }
  if (role === 'MEMBER')
    return [
      { action: ['create', 'update', 'assign', 'comment'], subject: 'Task', conditions: inside },
      { action: ['delete', 'restore'], subject: 'Task', conditions: { ...inside, creatorId: actorId } },
      { action: 'update', subject: 'Project', conditions: itself },
    ]
  const everything = ['create', 'update', 'assign', 'comment', 'delete', 'restore']
  return [
    { action: everything, subject: 'Task', conditions: inside },
    { action: 'update', subject: 'Project', conditions: itself },
    { action: ['create', 'update', 'delete'], subject: 'ProjectRole', conditions: inside },
    {
      action: ['create', 'update', 'delete'],
      subject: 'ProjectRole',
      conditions: { workspaceId, role: 'OWNER' },
      inverted: true,
    },
  ]
}
