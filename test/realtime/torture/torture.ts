import { setTimeout as pause } from 'node:timers/promises'
import type { GraphQLClient, Payload } from '../../../examples/thousand-tasks/graphql-client.ts'
import type { Deployment } from '../../e2e/deployment.ts'
import { until } from '../../support/until.ts'
import { cutConnections, killInTurn } from './breakage.ts'
import { compared } from './deliveries.ts'
import type { Deliveries } from './deliveries.ts'
import { Follower } from './follower.ts'
import type { FollowerOptions } from './follower.ts'

export interface TortureOptions {
  readonly clients: number
  /** Tasks to create; each is one event. */
  readonly events: number
  /** Connections cut while events happen. */
  readonly socketKills: number
  /** kill -9 of the gateway, and of the process that has the event log, spread over the run. */
  readonly gatewayKills: number
  readonly sourceKills: number
  /** Mutations at once. */
  readonly writers: number
  /** Numbers in [0, 1). */
  readonly random: () => number
  readonly progress?: (text: string) => void
}

export interface TortureReport {
  readonly clients: number
  readonly events: number
  readonly socketKills: number
  readonly gatewayKills: number
  readonly sourceKills: number
  readonly withCursors: Deliveries
  /** The same clients without their one line. */
  readonly withoutCursors: Deliveries
}

interface Created extends Payload {
  readonly task: { readonly id: string } | null
}

const query = `subscription ($after: String) {
  taskEvents(kinds: [CREATED], after: $after) { task { id title assignees { displayName } } }
}`

/** What `query` answers. */
interface Data {
  readonly taskEvents: { readonly task: { readonly id: string } | null } | null
}

const createTask = `mutation Create($input: CreateTaskInput!, $key: String!) {
  createTask(input: $input, idempotencyKey: $key) { task { id } errors { code message } }
}`

/**
 * Stock graphql-ws clients follow the events of a real deployment while their connections are cut and its processes are
 * killed. Half of as many again follow without cursors, to show that the same run loses events without them.
 */
export async function torture(
  deployment: Deployment,
  client: GraphQLClient,
  projectId: string,
  options: TortureOptions,
): Promise<TortureReport> {
  const { progress = () => undefined } = options
  const asked: Omit<FollowerOptions, 'begin' | 'resumes'> = {
    url: () => deployment.url,
    query,
    nameOf: data => (data as Data | null | undefined)?.taskEvents?.task?.id,
    token: () => client.token ?? '',
  }
  const begin = await beginning(asked, client, projectId)
  const follow = (count: number, resumes: boolean): Follower[] =>
    Array.from({ length: count }, () => new Follower({ ...asked, begin, resumes }))
  const resuming = follow(options.clients, true)
  const forgetful = follow(Math.max(1, Math.floor(options.clients / 4)), false)
  const all = [...resuming, ...forgetful]
  await until('everybody is connected', () => all.every(each => each.connected), 30_000)

  const acknowledged = new Set<string>()
  const work = write(client, projectId, options, acknowledged)
  let over = false
  const finished = work.finally(() => (over = true))
  finished.catch(() => undefined)
  const written = { total: options.events, written: () => acknowledged.size, over: () => over }
  const kill = (name: 'gateway' | 'db') => ({
    name,
    kill: async () => {
      await deployment[name].kill()
      await deployment.restart(name)
    },
  })
  const processKills = [
    ...Array.from({ length: options.gatewayKills }, () => kill('gateway')),
    ...Array.from({ length: options.sourceKills }, () => kill('db')),
  ]
  const [cuts] = await Promise.all([
    cutConnections(all, written, { ...options, progress }),
    killInTurn(processKills, written, progress),
    finished,
  ])

  const reference = new Follower({ ...asked, begin, resumes: true })
  const read = (): boolean => includesAll(reference, acknowledged)
  await until('the log is read', read, 600_000).catch((cause: unknown) => {
    const { seen, ended } = reference
    throw new Error(`the log was read to ${seen.length} of ${acknowledged.size}: ${JSON.stringify(ended)}`, {
      cause,
    })
  })
  const count = reference.seen.length
  await until(
    'everybody has the last event',
    () => resuming.every(each => each.seen.length >= count),
    60_000,
  ).catch(
    // What is missing is what the report is about.
    () => undefined,
  )
  const report = {
    clients: options.clients,
    events: count,
    socketKills: cuts,
    gatewayKills: options.gatewayKills,
    sourceKills: options.sourceKills,
    withCursors: compared(resuming, reference.seen),
    withoutCursors: compared(forgetful, reference.seen),
  }
  for (const each of [...all, reference]) await each.close()
  return report
}

/** The cursor that everybody begins behind. */
async function beginning(
  asked: Omit<FollowerOptions, 'begin' | 'resumes'>,
  client: GraphQLClient,
  projectId: string,
): Promise<string> {
  const probe = new Follower({ ...asked, begin: undefined, resumes: true })
  await until('the probe is connected', () => probe.connected, 30_000)
  for (let attempt = 0; probe.seen.length === 0; attempt++) {
    await create(client, projectId, `the beginning ${attempt}`)
    await pause(200)
  }
  const { cursor } = probe
  await probe.close()
  if (cursor === undefined) throw new Error('the first event has no cursor')
  return cursor
}

async function create(client: GraphQLClient, projectId: string, key: string): Promise<string> {
  const payload = await client.write<Created>(createTask, { input: { projectId, title: key }, key })
  if (payload.task === null) throw new Error(JSON.stringify(payload.errors))
  return payload.task.id
}

async function write(
  client: GraphQLClient,
  projectId: string,
  { events, writers }: TortureOptions,
  acknowledged: Set<string>,
): Promise<void> {
  let next = 0
  const writer = async (): Promise<void> => {
    while (next < events) {
      const key = `event ${next++}`
      for (;;) {
        try {
          acknowledged.add(await create(client, projectId, key))
          break
        } catch (failure) {
          // A gateway that is being restarted refuses connections; the key makes it safe to ask again.
          if (!(failure instanceof TypeError)) throw failure
          await pause(200)
        }
      }
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
}

function includesAll(reference: Follower, ids: ReadonlySet<string>): boolean {
  if (reference.seen.length < ids.size) return false
  const seen = new Set(reference.seen)
  return [...ids].every(id => seen.has(id))
}
