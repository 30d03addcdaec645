import type { EventCopy } from '../../subgraphs/db/event-relay.ts'

export interface EventCopySettings {
  readonly natsUrl: string | undefined
  readonly natsReplicas: number
  readonly natsBytesMax: number
}

/** How the copy of the events is opened; undefined: there is to be none. */
export function eventCopy(settings: EventCopySettings): (() => Promise<EventCopy>) | undefined {
  const { natsUrl: url, natsReplicas: replicas, natsBytesMax: bytesMax } = settings
  if (url === undefined) return undefined
  return async () => {
    const { connectNats } = await import('../../events/jetstream/nats-connection.ts')
    const { EventStream } = await import('../../events/jetstream/event-stream.ts')
    return new EventStream(await connectNats({ url, name: 'ennead db' }), { replicas, bytesMax })
  }
}
