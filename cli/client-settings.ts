import { integer, list, text, toggle, url } from '../kernel/settings.ts'

const most = 1_000_000_000

/** How much one client may ask, and which documents; docs/limits.md explains each. */
export const clientSettings = {
  rateWindowMs: integer('Window of the limits of rate.', 60_000, 1_000, 86_400_000),
  ratePerAddress: integer('Requests of one address in a window; 0: no limit.', 0, 0, most),
  ratePerPrincipal: integer('Operations of one signed-in principal in a window; 0: no limit.', 0, 0, most),
  rateCostPerClient: integer('Cost of all operations of one client in a window; 0: no limit.', 0, 0, most),
  ratePerField: list('Uses of root fields by one client in a window, e.g. Mutation.signIn=5.'),
  rateRedisUrl: url('Redis that counts for all gateways together. Without it each counts for itself.', [
    'redis:',
    'rediss:',
  ]),
  trustedDocuments: text(
    'File of documents that clients may name by id: a manifest of Apollo or Relay.',
    undefined,
  ),
  trustedOnly: toggle('Answer nothing but trusted documents.', false),
  apq: toggle('Let clients store documents by their hash (automatic persisted queries).', true),
  apqEntriesMax: integer('Documents stored for clients.', 1_000, 1, most),
  apqBytesMax: integer('Bytes of the documents stored for clients, all together.', 10_485_760, 1, most),
}
