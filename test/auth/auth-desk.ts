import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { jsonLog } from '../../kernel/log.ts'
import type { ActorPrincipal, Role } from '../../kernel/principal.ts'
import type { MemberRecord, UserRecord, WorkspaceRecord } from '../../subgraphs/auth/authority.ts'
import type { DirectoryStore } from '../../subgraphs/auth/directory/directory-store.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { type AuthDomain, openAuthDomain } from '../../subgraphs/auth/domain.ts'
import type { AuthDomainOptions } from '../../subgraphs/auth/domain-options.ts'
import type { SignInOutcome, SignedIn } from '../../subgraphs/auth/sign-in/sessions.ts'

/** `full`: it reads and cannot write, as on a full disk. `away`: nothing works. */
export type DiskState = 'works' | 'full' | 'away'

/** The disk under one copy of the directory, `rbac` or `issuer`. */
export interface Disk {
  state: DiskState
}

/** A real LMDB directory on a disk that can fail. */
function onDisk(store: DirectoryStore, disk: Disk): DirectoryStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const writes = name === 'merge' || name === 'forgetExpired'
        if (name !== 'close' && (disk.state === 'away' || (writes && disk.state === 'full'))) {
          const failure = new Error('the disk failed')
          if (writes) return Promise.reject(failure)
          throw failure
        }
        return Reflect.apply(value, target, args)
      }
    },
  })
}

/** The system's clock, which can be put forward. */
export interface TravelClock extends Clock {
  forward(ms: number): void
}

export function travelClock(): TravelClock {
  let ahead = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + ahead,
    wall: () => systemClock.wall() + ahead,
    forward: ms => void (ahead += ms),
  }
}

/** A temporary folder that is gone after the test. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'ennead-auth-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export interface Person {
  readonly user: UserRecord
  readonly member: MemberRecord
  readonly password: string
}

/** An auth domain in a folder of its own, with the workspace `navy` and its owner, Grace. */
export interface Desk extends AsyncDisposable {
  readonly domain: AuthDomain
  readonly path: string
  readonly clock: TravelClock
  readonly disks: { readonly rbac: Disk; readonly issuer: Disk }
  /** Lines of the log. */
  readonly lines: readonly string[]
  readonly workspace: WorkspaceRecord
  readonly grace: Person
  hire(name: string, role: Role): Promise<Person>
  signIn(person?: Person): Promise<SignedIn>
  /** The actor behind an access token, or the code of the refusal. */
  who(token: string): Promise<ActorPrincipal | string>
}

export async function openDesk(options: Partial<AuthDomainOptions> = {}): Promise<Desk> {
  const folder = await temporaryFolder()
  const clock = travelClock()
  const disks = { rbac: disk(), issuer: disk() }
  const lines: string[] = []
  const domain = await openAuthDomain({
    path: join(folder.path, 'auth'),
    keysPath: join(folder.path, 'keys'),
    clock,
    log: jsonLog({ level: 'debug', write: line => lines.push(line) }),
    retryMs: 10,
    // Two loaded cores must not decide what is tested here.
    timeoutMs: 6_000,
    attemptMs: 3_000,
    openDirectory: async (path, signal) =>
      onDisk(await openDirectory(path, signal), basename(path) === 'rbac' ? disks.rbac : disks.issuer),
    ...options,
  })
  const workspace = await domain.administration.createWorkspace({ slug: 'navy', name: 'Navy' })
  const hire = async (name: string, role: Role): Promise<Person> => {
    const email = `${name.toLowerCase()}@navy.example`
    const { user, password = '' } = await domain.administration.createUser({ email, displayName: name })
    const member = await domain.administration.addMember(workspace.id, user.id, role)
    return { user, member, password }
  }
  const grace = await hire('Grace', 'OWNER')
  return {
    domain,
    path: folder.path,
    clock,
    disks,
    lines,
    workspace,
    grace,
    hire,
    signIn: async (person = grace) => signedIn(await tryToSignIn(domain, person.user.email, person.password)),
    who: token => domain.identify({ kind: 'bearer', token }).catch(codeOf),
    async [Symbol.asyncDispose]() {
      await domain.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function disk(): Disk {
  return { state: 'works' }
}

export function tryToSignIn(
  domain: AuthDomain,
  email: string,
  password: string,
  address?: string,
): Promise<SignInOutcome> {
  return domain.signIn({ email, password, workspace: undefined }, { address })
}

export function signedIn(outcome: SignInOutcome): SignedIn {
  if (outcome.is === 'signedIn') return outcome
  throw new Error(`refused: ${outcome.code} ${outcome.message}`)
}

/** The code of a failure of ours; rethrows every other one. */
export function codeOf(failure: unknown): string {
  if (failure instanceof Error && 'code' in failure && typeof failure.code === 'string') return failure.code
  throw failure
}
