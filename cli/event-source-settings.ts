import { list, secret, url } from '../kernel/settings.ts'

/** Events that a gateway reads from a broker instead of a subgraph; docs/events.md says more. */
export const eventSourceSettings = {
  natsUrl: url('NATS with JetStream, for --event-subjects: nats://user:password@host:4222.', [
    'nats:',
    'tls:',
  ]),
  eventSubjects: list(
    'Subscriptions whose events are messages of NATS: field=STREAM/subject, e.g. orderChanged=ORDERS/orders.{workspace}.{id}.',
  ),
  eventCursorSecret: secret(
    'Secret of at least 32 bytes in base64url that signs cursors of --event-subjects, the same for all gateways. Default: those of --hop-secret or --hop-secret-file.',
  ),
}
