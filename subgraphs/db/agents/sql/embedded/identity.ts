import { readFile } from 'node:fs/promises'
import { EnneadError, unreachable } from '../../../../../kernel/errors.ts'
import { giveTo } from './folders.ts'
import { runProgram } from './run-program.ts'
import type { Identity, Program } from './run-program.ts'

/** How to stop being root: in a user namespace, as another user, or whichever works, in that order. */
export type LeaveRoot = 'auto' | 'namespace' | 'user'

const probeMs = 10_000

/**
 * PostgreSQL refuses to run as root. In a user namespace it is root outside, so files stay root's and any path can be
 * reached, and another user inside; that is tried first. Containers often refuse it: then it becomes another user,
 * where possible one that keeps root's right to pass through folders, as the data may be below a closed one.
 *
 * Gives `directory` to the first identity that can run `probe` within it, and answers that. Rejects with UNAVAILABLE when none can.
 */
export async function chooseIdentity(
  leaveRoot: LeaveRoot,
  directory: string,
  probe: Program,
): Promise<{ readonly identity: Identity; readonly output: string }> {
  const failures: unknown[] = []
  for (const identity of await candidates(leaveRoot)) {
    try {
      await giveTo(identity, directory)
      const inside = { ...probe, file: 'sh', args: ['-c', enterAndRun, directory, probe.file, ...probe.args] }
      return { identity, output: await runProgram(identity, inside, probeMs) }
    } catch (failure) {
      failures.push(failure)
    }
  }
  throw new EnneadError(
    'UNAVAILABLE',
    `the embedded PostgreSQL cannot run here${isRoot() ? ' as root or as another user' : ''} with its data in ` +
      `${directory}; ${isRoot() ? 'start Ennead as an ordinary user, or ' : ''}give the URL of a PostgreSQL server`,
    { cause: new AggregateError(failures, 'no way to run PostgreSQL works') },
  )
}

const enterAndRun = 'test -x "$0" && exec "$@"'

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

async function candidates(leaveRoot: LeaveRoot): Promise<readonly Identity[]> {
  const uid = process.geteuid?.() ?? 0
  const gid = process.getegid?.() ?? 0
  if (!isRoot()) return [{ name: 'ourselves', prefix: [], owner: { uid, gid } }]
  const user = await ordinaryUser()
  const namespace: Identity = {
    name: `user ${user.uid} of a user namespace`,
    prefix: ['unshare', '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`, '--'],
    owner: { uid, gid },
  }
  const capable: Identity = {
    name: `user ${user.uid} with the right to pass through folders`,
    prefix: [
      'setpriv',
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--clear-groups',
      '--inh-caps=+dac_override',
      '--ambient-caps=+dac_override',
      '--',
    ],
    owner: user,
  }
  const plain: Identity = { name: `user ${user.uid}`, prefix: [], spawnUser: user, owner: user }
  switch (leaveRoot) {
    case 'namespace':
      return [namespace]
    case 'user':
      return [capable, plain]
    case 'auto':
      return [namespace, capable, plain]
    default:
      return unreachable(leaveRoot)
  }
}

/** A user the system knows (initdb looks itself up) that is not root: PostgreSQL's own, nobody, or the first. */
async function ordinaryUser(): Promise<{ readonly uid: number; readonly gid: number }> {
  const lines = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const users = lines.split('\n').flatMap(line => {
    const [name = '', , uid, gid] = line.split(':')
    return Number(uid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
  const user =
    users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody') ?? users[0]
  return user === undefined ? { uid: 65_534, gid: 65_534 } : { uid: user.uid, gid: user.gid }
}
