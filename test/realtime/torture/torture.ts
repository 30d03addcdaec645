import { setTimeout as pause } from 'node:timers/promises'
import type { GraphQLClient, Payload } from '../../../examples/thousand-tasks/graphql-client.ts'
import type { Deployment } from '../../e2e/deployment.ts'
import { until } from '../../support/until.ts'
import { Follower } from './follower.ts'

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

/** What all clients of one kind got, against what they should have got. */
export interface Deliveries {
  readonly expected: number
  readonly lost: number
  readonly duplicated: number
  readonly disordered: number
  /** How subscriptions ended that nobody ended. */
  readonly ended: readonly string[]
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
  const { random, progress = () => undefined } = options
  const begin = await beginning(deployment, client, projectId)
  const follow = (count: number, resumes: boolean): Follower[] =>
    Array.from(
      { length: count },
      () => new Follower(deployment.url, () => client.token ?? '', begin, resumes),
    )
  const resuming = follow(options.clients, true)
  const forgetful = follow(Math.max(1, Math.floor(options.clients / 4)), false)
  const all = [...resuming, ...forgetful]
  await until('everybody is connected', () => all.every(each => each.connected), 30_000)

  const acknowledged = new Set<string>()
  const work = write(client, projectId, options, acknowledged)
  const done = { is: false }
  const finished = work.finally(() => (done.is = true))
  finished.catch(() => undefined)
  let kills = 0
  const killSockets = async (): Promise<void> => {
    while (!done.is || kills < options.socketKills) {
      all[Math.floor(random() * all.length)]?.cut()
      kills += 1
      if (kills % 50 === 0) progress(`${acknowledged.size} events, ${kills} connections cut`)
      await pause(random() * 2 * pauseMs(options, acknowledged.size, kills))
    }
  }
  const killProcesses = async (): Promise<void> => {
    const total = options.gatewayKills + options.sourceKills
    for (let kill = 1; kill <= total; kill++) {
      const due = (options.events * kill) / (total + 1)
      await until('it is time', () => acknowledged.size >= due || done.is, 600_000)
      const name = kill <= options.gatewayKills ? 'gateway' : 'db'
      progress(`kill -9 ${name}`)
      await deployment[name].kill()
      await deployment.restart(name)
    }
  }
  await Promise.all([finished, killSockets(), killProcesses()])

  const reference = new Follower(deployment.url, () => client.token ?? '', begin, true)
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
    socketKills: kills,
    gatewayKills: options.gatewayKills,
    sourceKills: options.sourceKills,
    withCursors: compared(resuming, reference.seen),
    withoutCursors: compared(forgetful, reference.seen),
  }
  for (const each of [...all, reference]) await each.close()
  return report
}

/** Cuts are spread over the writes. */
function pauseMs({ events, socketKills }: TortureOptions, written: number, kills: number): number {
  return kills / socketKills > written / events ? 60 : 5
}

/** The cursor that everybody begins behind. */
async function beginning(deployment: Deployment, client: GraphQLClient, projectId: string): Promise<string> {
  const probe = new Follower(deployment.url, () => client.token ?? '', undefined, true)
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

function compared(followers: readonly Follower[], reference: readonly string[]): Deliveries {
  const place = new Map(reference.map((id, index) => [id, index]))
  const sum = {
    expected: followers.length * reference.length,
    lost: 0,
    duplicated: 0,
    disordered: 0,
    ended: new Set<string>(),
  }
  for (const { seen, ended } of followers) {
    const distinct = new Set(seen)
    sum.lost += reference.filter(id => !distinct.has(id)).length
    sum.duplicated += seen.length - distinct.size
    for (const end of ended) sum.ended.add(JSON.stringify(end))
    let last = -1
    for (const id of seen) {
      const at = place.get(id) ?? -1
      if (at < last) sum.disordered += 1
      last = Math.max(last, at)
    }
  }
  return { ...sum, ended: [...sum.ended] }
}
