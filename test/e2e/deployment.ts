import { join } from 'node:path'
import { runEnnead, startEnnead, type RunningProcess } from './running-ennead.ts'

const email = 'grace@example.com'

/** Gateway and three subgraphs, each a process of its own on a free port, sharing one data folder's secret. */
export interface Deployment extends AsyncDisposable {
  readonly url: string
  readonly email: string
  /** Of the user that was made; empty when it was there already. */
  readonly password: string
  readonly gateway: RunningProcess
  readonly api: RunningProcess
  readonly auth: RunningProcess
  readonly db: RunningProcess
  /** Starts a subgraph's process again at the address it had. */
  restart(name: 'api' | 'auth' | 'db'): Promise<void>
}

/** `stores` are flags for the db subgraph, e.g. `--mongo-url`. */
export async function startDeployment(folder: string, stores: readonly string[]): Promise<Deployment> {
  const data = ['--data', folder]
  const origin = (running: RunningProcess): string => new URL(running.url).origin
  const running = new Map<string, RunningProcess>()
  const commands = new Map<string, readonly string[]>()
  const start = async (name: string, ...flags: readonly string[]): Promise<RunningProcess> => {
    const command = ['subgraph', name, ...data, ...flags]
    const started = await startEnnead([...command, '--port', '0'])
    commands.set(name, [...command, '--port', new URL(started.url).port])
    running.set(name, started)
    return started
  }
  const auth = await start('auth')
  const db = await start('db', '--auth-url', origin(auth), ...stores)
  await start('api', '--auth-url', origin(auth), '--db-url', origin(db))
  const urls = [...running].map(([name, { url }]) => `${name}=${url}`).join(',')
  const gateway = await startEnnead(
    ['gateway', '--supergraph', 'schema/supergraph.graphql', '--port', '0', '--subgraph-urls', urls].concat([
      '--identity-url',
      origin(auth),
      '--hop-secret-file',
      join(folder, 'keys', 'hop'),
    ]),
  )
  const added = await runEnnead([
    'user',
    'add',
    '--email',
    email,
    '--workspace',
    'navy',
    '--role',
    'OWNER',
    ...data,
  ])
  const password = /password (\S+)/.exec(added.stdout)?.[1]
  if (added.code !== 0) throw new Error(`no user was added: ${added.stderr}`)
  const current = (name: string): RunningProcess => {
    const found = running.get(name)
    if (found === undefined) throw new Error(`there is no process ${name}`)
    return found
  }
  return {
    url: gateway.url,
    email,
    password: password ?? '',
    gateway,
    get api() {
      return current('api')
    },
    get auth() {
      return current('auth')
    },
    get db() {
      return current('db')
    },
    async restart(name) {
      running.set(name, await startEnnead(commands.get(name) ?? []))
    },
    async [Symbol.asyncDispose]() {
      await gateway.stop()
      for (const name of ['api', 'db', 'auth']) await current(name).stop()
    },
  }
}
