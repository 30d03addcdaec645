import { EnneadError } from '../kernel/errors.ts'
import type { Role } from '../kernel/principal.ts'
import type { AuthDomain } from '../subgraphs/auth/domain.ts'
import type { ControlHandlers } from './control.ts'

const roles: readonly Role[] = ['OWNER', 'ADMIN', 'MEMBER', 'GUEST']

/** What `ennead token` and `ennead user add` ask of the process that has the auth domain. */
export function authCommands(auth: AuthDomain): ControlHandlers {
  return new Map<string, (input: Readonly<Record<string, unknown>>) => Promise<unknown>>([
    [
      'token',
      async input =>
        (await auth.issueAccessToken(word(input, 'email'), optional(input, 'workspace'))).accessToken,
    ],
    ['user', input => addUser(auth, input)],
    ['keys/rotate', () => rotateKeys(auth)],
  ])
}

/** Answers one line for the operator. */
async function rotateKeys(auth: AuthDomain): Promise<string> {
  await auth.rotateKeys()
  const kids = auth.jwks().keys.map(({ kid }) => kid)
  return `tokens are signed with key ${kids[0]} from now on; ${kids.length - 1} older keys go on verifying`
}

/** Answers one line for the operator; a new user's password is told here and nowhere else. */
async function addUser(auth: AuthDomain, input: Readonly<Record<string, unknown>>): Promise<string> {
  const email = word(input, 'email')
  const slug = word(input, 'workspace')
  const role = roles.find(known => known === input['role']) ?? 'MEMBER'
  const { administration } = auth
  const workspace =
    administration.findWorkspace(slug) ?? (await administration.createWorkspace({ slug, name: slug }))
  const known = administration.findUser(email)
  const withPassword = input['password'] === false ? { password: null } : {}
  const displayName = optional(input, 'name') ?? email.replace(/@.*$/, '')
  const created =
    known === undefined ? await administration.createUser({ email, displayName, ...withPassword }) : undefined
  const user = known ?? created?.user
  if (user === undefined) throw new EnneadError('INTERNAL', `the user ${email} was not made`)
  await administration.addMember(workspace.id, user.id, role)
  const password = created?.password === undefined ? '' : `; password ${created.password}`
  return `${user.email} is ${role} of ${workspace.slug}${password}`
}

function word(input: Readonly<Record<string, unknown>>, name: string): string {
  const value = optional(input, name)
  if (value === undefined) throw new EnneadError('BAD_USER_INPUT', `${name} is missing`)
  return value
}

function optional(input: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = input[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
