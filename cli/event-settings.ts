import { integer, url } from '../kernel/settings.ts'

/** Where the events of the task graph are copied to; docs/realtime.md says more. */
export const eventSettings = {
  natsUrl: url(
    'NATS with JetStream, which gets a copy of every event: nats://user:password@host:4222. Default: none.',
    ['nats:', 'tls:'],
  ),
  natsReplicas: integer('Servers of NATS that keep a copy of the events, when the stream is made.', 1, 1, 5),
  natsBytesMax: integer(
    'Bytes of events that NATS keeps, when the stream is made; the oldest go.',
    1_073_741_824,
    1_048_576,
    Number.MAX_SAFE_INTEGER,
  ),
}
