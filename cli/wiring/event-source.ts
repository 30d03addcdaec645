import { createHmac, randomBytes } from 'node:crypto'
import { CursorCodec } from '../../events/cursor.ts'
import { eventFields } from '../../gateway/execution/event-field.ts'
import { eventSubgraph } from '../../gateway/execution/event-subgraph.ts'
import type { ConnectSubgraph } from '../../gateway/execution/subgraphs.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { secretsOf } from '../hop-secret.ts'
import type { Lifecycle } from '../lifecycle.ts'

export interface EventSourceSettings {
  readonly natsUrl: string | undefined
  readonly eventSubjects: readonly string[]
  readonly eventCursorSecret: string | undefined
  readonly hopSecret: string | undefined
}

/** The ways to subgraphs, of which some subscriptions are messages of a broker. Throws BAD_OPTION. */
export async function withEventSource(
  settings: EventSourceSettings,
  connect: ConnectSubgraph,
  lifecycle: Lifecycle,
  log: Log,
): Promise<ConnectSubgraph> {
  const { natsUrl, eventSubjects } = settings
  if (eventSubjects.length === 0 && natsUrl === undefined) return connect
  if (natsUrl === undefined) throw new EnneadError('BAD_OPTION', '--event-subjects needs --nats-url')
  if (eventSubjects.length === 0) {
    throw new EnneadError('BAD_OPTION', '--nats-url does nothing in a gateway without --event-subjects')
  }
  const fields = eventFields(eventSubjects)
  const cursors = new CursorCodec(cursorKey(settings, log))
  const { connectNats } = await import('../../events/jetstream/nats-connection.ts')
  const { SubjectReader } = await import('../../events/jetstream/subject-reader.ts')
  const reader = new SubjectReader({
    connect: () => connectNats({ url: natsUrl, name: 'ennead gateway' }),
    clock: systemClock,
    log,
  })
  lifecycle.add('event source', () => reader.close())
  const options = { fields, cursors, log, read: reader.read.bind(reader) }
  return (name, url) => eventSubgraph(connect(name, url), options)
}

function cursorKey({ eventCursorSecret, hopSecret }: EventSourceSettings, log: Log): Buffer {
  const given =
    eventCursorSecret === undefined
      ? hopSecret && secretsOf(hopSecret, '--hop-secret')
      : secretsOf(eventCursorSecret, '--event-cursor-secret')
  if (given) return createHmac('sha256', given[0]).update('event cursors').digest()
  log.warn('events.cursors-of-this-process', {
    wayOut: 'give every gateway the same --event-cursor-secret, so that clients can resume at any of them',
  })
  return randomBytes(32)
}
