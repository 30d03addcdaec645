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
  /** One more gateway, at an address of its own. */
  anotherGateway(): Promise<RunningProcess>
  /** Starts a process again at the address it had. */
  restart(name: 'api' | 'auth' | 'db' | 'gateway'): Promise<void>
}

/**
 * `stores` are flags for the db subgraph, e.g. `--mongo-url`. With a folder of `ennead certs` that has gateway, api, auth and db
 * they speak TLS with each other.
 */
export async function startDeployment(
  folder: string,
  stores: readonly string[],
  certs?: string,
): Promise<Deployment> {
  await using started = new AsyncDisposableStack()
  const data = ['--data', folder]
  const origin = (running: RunningProcess): string => new URL(running.url).origin
  const running = new Map<string, RunningProcess>()
  const start = async (name: string, command: readonly string[], port: string): Promise<RunningProcess> => {
    const child = started.use(await startEnnead([...command, '--port', port]))
    running.set(name, child)
    return child
  }
  const tls = (name: string, prefix = 'tls'): readonly string[] =>
    certs === undefined
      ? []
      : [
          `--${prefix}-ca=${join(certs, 'ca.crt')}`,
          `--${prefix}-cert=${join(certs, `${name}.crt`)}`,
          `--${prefix}-key=${join(certs, `${name}.key`)}`,
        ]
  const commands = {
    auth: ['subgraph', 'auth', ...data, ...tls('auth')],
    db: ['subgraph', 'db', ...data, ...stores, ...tls('db')],
    api: ['subgraph', 'api', ...data, ...tls('api')],
    gateway: ['gateway', '--supergraph', 'schema/supergraph.graphql', ...tls('gateway', 'subgraph')],
  }
  const auth = await start('auth', commands.auth, '0')
  commands.db.push('--auth-url', origin(auth))
  const db = await start('db', commands.db, '0')
  commands.api.push('--auth-url', origin(auth), '--db-url', origin(db))
  await start('api', commands.api, '0')
  const urls = [...running].map(([name, { url }]) => `${name}=${url}`).join(',')
  const secret = ['--hop-secret-file', join(folder, 'keys', 'hop')]
  commands.gateway.push('--subgraph-urls', urls, '--identity-url', origin(auth), ...secret)
  const { url } = await start('gateway', commands.gateway, '0')

  const member = ['--email', email, '--workspace', 'navy', '--role', 'OWNER']
  const added = await runEnnead(['user', 'add', ...member, ...data])
  if (added.code !== 0) throw new Error(`no user was added: ${added.stderr}`)
  const current = (name: string): RunningProcess => {
    const found = running.get(name)
    if (found === undefined) throw new Error(`there is no process ${name}`)
    return found
  }
  const all = started.move()
  return {
    url,
    email,
    password: /password (\S+)/.exec(added.stdout)?.[1] ?? '',
    get gateway() {
      return current('gateway')
    },
    get api() {
      return current('api')
    },
    get auth() {
      return current('auth')
    },
    get db() {
      return current('db')
    },
    async anotherGateway() {
      return all.use(await startEnnead([...commands.gateway, '--port', '0']))
    },
    async restart(name) {
      const { port } = new URL(current(name).url)
      running.set(name, all.use(await startEnnead([...commands[name], '--port', port])))
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
