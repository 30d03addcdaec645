import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { runEnnead, startEnnead, temporaryFolder } from '../e2e/running-ennead.ts'
import type { RunningProcess } from '../e2e/running-ennead.ts'

export interface ToldAnswer {
  readonly status: number
  readonly text: string
  /** As the documents of a test ask. */
  readonly data: Readonly<Record<string, never>>
  readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
}

export interface Person {
  readonly email: string
  readonly password: string
  readonly token: string
  readonly refreshToken: string
}

/** What came on one subscription, and its end. */
export interface Heard {
  readonly events: readonly Readonly<Record<string, never>>[]
  readonly failures: readonly string[]
  stop(): void
}

/** `ennead start` as a process, with the owners of two workspaces, navy and army. */
export interface AttackedTaskGraph extends AsyncDisposable {
  readonly running: RunningProcess
  readonly folder: string
  readonly navy: Person
  readonly army: Person
  ask(
    token: string | undefined,
    query: string,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<ToldAnswer>
  signIn(email: string, password: string): Promise<Person>
  /** Takes part in the workspace of `owner` from now on. */
  invite(owner: Person, email: string, role: string): Promise<Person>
  follow(token: string, query: string, variables?: Readonly<Record<string, unknown>>): Heard
}

const payload = 'accessToken refreshToken errors { code message }'
const signInText = `mutation ($email: String!, $password: String!) {
  signIn(input: { email: $email, password: $password }) { ${payload} } }`
const inviteText = `mutation ($email: String!, $role: Role!) {
  createInvitation(input: { email: $email, role: $role }) { token errors { code } } }`
const acceptText = `mutation ($token: String!, $password: String!) {
  acceptInvitation(input: { token: $token, displayName: "New", password: $password }) { ${payload} } }`

export async function attackedTaskGraph(): Promise<AttackedTaskGraph> {
  const folder = await temporaryFolder()
  const data = ['--data', folder.path]
  // How long anything takes is no matter here; two stores are as good as three.
  const unhurried = ['request', 'mutation', 'domain', 'attempt'].flatMap(what => [
    `--${what}-timeout-ms`,
    '30000',
  ])
  const running = await startEnnead([
    'start',
    '--port',
    '0',
    '--no-demo',
    '--disable',
    'db.sql',
    ...data,
    ...unhurried,
  ])
  const clients: Client[] = []
  const ask: AttackedTaskGraph['ask'] = async (token, query, variables = {}) => {
    const credential: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(running.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        // Whose status says what became of a request.
        accept: 'application/graphql-response+json',
        ...credential,
      },
      body: JSON.stringify({ query, variables }),
    })
    const text = await response.text()
    // GraphQL's response format.
    const answer = JSON.parse(text) as Pick<ToldAnswer, 'data'> & Partial<Pick<ToldAnswer, 'errors'>>
    return { status: response.status, text, errors: [], ...answer }
  }
  const personOf = (email: string, password: string, told: unknown): Person => {
    const { accessToken, refreshToken }: { accessToken?: unknown; refreshToken?: unknown } = Object(told)
    return { email, password, token: String(accessToken), refreshToken: String(refreshToken) }
  }
  const signIn = async (email: string, password: string): Promise<Person> =>
    personOf(email, password, (await ask(undefined, signInText, { email, password })).data['signIn'])
  const owner = async (name: string): Promise<Person> => {
    const email = `owner@${name}.example`
    const who = ['--email', email, '--workspace', name, '--role', 'OWNER']
    const { stdout } = await runEnnead(['user', 'add', ...who, ...data])
    return signIn(email, /password (\S+)/.exec(stdout)?.[1] ?? '')
  }
  const [navy, army] = await Promise.all([owner('navy'), owner('army')])
  return {
    running,
    folder: folder.path,
    navy,
    army,
    ask,
    signIn,
    async invite(by, email, role) {
      const { data: invited } = await ask(by.token, inviteText, { email, role })
      const { token }: { token?: unknown } = Object(invited['createInvitation'])
      const password = `password of ${email}`
      const { data: accepted } = await ask(undefined, acceptText, { token, password })
      return personOf(email, password, accepted['acceptInvitation'])
    },
    follow(token, query, variables = {}) {
      const events: Readonly<Record<string, never>>[] = []
      const failures: string[] = []
      const client = createClient({
        url: running.url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${token}` },
        retryAttempts: 0,
      })
      clients.push(client)
      const stop = client.subscribe<Record<string, never>>(
        { query, variables },
        {
          next: ({ data: event, errors = [] }) => {
            if (event) events.push(event)
            failures.push(...errors.map(error => JSON.stringify(error)))
          },
          error: failure => failures.push(JSON.stringify(failure)),
          complete: () => undefined,
        },
      )
      return { events, failures, stop }
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.dispose()
      await running[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
