import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import type { Payload } from '../../examples/thousand-tasks/graphql-client.ts'
import { signIn } from '../../examples/thousand-tasks/story.ts'
import { rawSocket } from '../support/raw-socket.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import type { Deployment } from './deployment.ts'

const follow = 'subscription { taskEvents(kinds: [CREATED]) { task { title } } }'

/** Somebody in a session of their own, who creates tasks in a project of their own. */
class Author {
  readonly client: GraphQLClient
  readonly #projectId: string

  private constructor(client: GraphQLClient, projectId: string) {
    this.client = client
    this.#projectId = projectId
  }

  static async signIn(deployment: Deployment, url = deployment.url): Promise<Author> {
    const client = new GraphQLClient(url)
    await signIn(client, deployment)
    const key = `P${randomUUID().replaceAll('-', '').slice(0, 7).toUpperCase()}`
    const { project, errors } = await client.write<Payload & { readonly project: { readonly id: string } }>(
      `mutation ($input: CreateProjectInput!, $key: String!) {
        createProject(input: $input, idempotencyKey: $key) { project { id } errors { code message } }
      }`,
      { input: { key, name: 'Sockets' }, key: randomUUID() },
    )
    if (errors.length > 0) throw new Error(JSON.stringify(errors))
    return new Author(client, project.id)
  }

  async create(title: string): Promise<void> {
    const { errors } = await this.client.write(
      `mutation ($input: CreateTaskInput!, $key: String!) {
        createTask(input: $input, idempotencyKey: $key) { errors { code message } }
      }`,
      { input: { projectId: this.#projectId, title }, key: randomUUID() },
    )
    if (errors.length > 0) throw new Error(JSON.stringify(errors))
  }
}

async function following(url: string, { client }: Author, after?: string): Promise<RawSocket> {
  const socket = await rawSocket(url.replace('http', 'ws'), {
    init: { authorization: `Bearer ${client.token}` },
  })
  const extensions = after === undefined ? undefined : { after }
  socket.send({ id: '1', type: 'subscribe', payload: { query: follow, extensions } })
  return socket
}

interface Event {
  readonly data: { readonly taskEvents: { readonly task: { readonly title: string } } }
  readonly extensions: { readonly cursor: string }
}
// What the gateway writes for this subscription.
const events = ({ messages }: RawSocket): readonly Event[] =>
  messages.filter(({ type }) => type === 'next').map(({ payload }) => payload as Event)
const titles = (socket: RawSocket): readonly string[] =>
  events(socket).map(({ data }) => data.taskEvents.task.title)

/** A subscription begins whenever it begins. */
async function createUntilSeen(author: Author, sockets: readonly RawSocket[]): Promise<void> {
  let count = 0
  await until(
    'all follow',
    async () => {
      if (sockets.some(socket => events(socket).length === 0)) await author.create(`first ${++count}`)
      return sockets.every(socket => events(socket).length > 0)
    },
    25_000,
  )
}

/** Who signs out has its sockets closed with 4401 by a gateway in another process; other sessions follow on. */
export async function signOutStory(deployment: Deployment): Promise<void> {
  const [leaving, staying] = [await Author.signIn(deployment), await Author.signIn(deployment)]
  using closed = await following(deployment.url, leaving)
  using open = await following(deployment.url, staying)
  await createUntilSeen(staying, [closed, open])
  await leaving.client.run('mutation { signOut { ok } }')
  // At once where the gateway was told, and in its next round where the telling was lost.
  const gone = new Promise(resolve => setTimeout(resolve, 20_000, 'still open'))
  expect(await Promise.race([closed.closed, gone])).toMatchObject({ code: 4401 })
  await staying.create('after the sign-out')
  await until('the other has it', () => titles(open).includes('after the sign-out'), 20_000)
  expect(titles(closed)).not.toContain('after the sign-out')
  using again = await rawSocket(deployment.url.replace('http', 'ws'))
  again.send({ type: 'connection_init', payload: { authorization: `Bearer ${leaving.client.token}` } })
  expect(await again.closed).toMatchObject({ code: 4403 })
}

/** A client whose gateway is killed goes on at another one behind its last event, and at the first when that is back. */
export async function otherGatewayStory(deployment: Deployment): Promise<void> {
  await using second = await deployment.anotherGateway()
  const author = await Author.signIn(deployment, second.url)
  using first = await following(deployment.url, author)
  await createUntilSeen(author, [first])
  await author.create('before the kill')
  await until('it is here', () => titles(first).includes('before the kill'), 20_000)
  const cursor = events(first).at(-1)?.extensions.cursor
  await deployment.gateway.kill()
  expect(await first.closed).toMatchObject({ code: 1006 })
  for (const title of ['one', 'two']) await author.create(title)
  using resumed = await following(second.url, author, cursor)
  await author.create('three')
  await until('all are here', () => events(resumed).length >= 3, 20_000)
  expect(titles(resumed)).toEqual(['one', 'two', 'three'])
  await deployment.restart('gateway')
  using back = await following(deployment.url, author, events(resumed)[0]?.extensions.cursor)
  await until('all are here', () => events(back).length >= 2, 20_000)
  expect(titles(back)).toEqual(['two', 'three'])
}
