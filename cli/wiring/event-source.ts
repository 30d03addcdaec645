import { randomBytes } from 'node:crypto'
import { CursorCodec } from '../../events/cursor.ts'
import { eventFields } from '../../gateway/execution/event-field.ts'
import { eventSubgraph } from '../../gateway/execution/event-subgraph.ts'
import type { ConnectSubgraph } from '../../gateway/execution/subgraphs.ts'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { readHopSecrets, secretsOf } from '../hop-secret.ts'
import type { Lifecycle } from '../lifecycle.ts'
import { cursorKeyOf } from './cursor-key.ts'

export interface EventSourceSettings {
  readonly natsUrl: string | undefined
  readonly eventSubjects: readonly string[]
  readonly eventCursorSecret: string | undefined
  readonly hopSecret: string | undefined
  readonly hopSecretFile: string | undefined
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
  const cursors = await cursorsOf(settings, log)
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

/** Cursors that every gateway with the same secret can read; without one, this process alone. Throws BAD_OPTION. */
export async function cursorsOf(
  settings: Pick<EventSourceSettings, 'eventCursorSecret' | 'hopSecret' | 'hopSecretFile'>,
  log: Log,
): Promise<CursorCodec> {
  const { eventCursorSecret } = settings
  const secrets =
    eventCursorSecret === undefined
      ? await readHopSecrets(settings)
      : secretsOf(eventCursorSecret, '--event-cursor-secret')
  if (secrets === undefined) {
    log.warn('events.cursors-of-this-process', {
      wayOut: 'give every gateway the same --event-cursor-secret, so that clients can resume at any of them',
    })
    return new CursorCodec(randomBytes(32))
  }
  const [key, ...older] = secrets
  return new CursorCodec(cursorKeyOf(key), older.map(cursorKeyOf))
}
