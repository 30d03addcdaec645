import { EnneadError } from '../../../kernel/errors.ts'
import type { Hop } from '../../../kernel/hop.ts'
import type { Log } from '../../../kernel/log.ts'
import type { DbDomain } from '../domain.ts'
import { RecordReader } from '../record-reader.ts'
import { viewerOf } from '../viewer.ts'

/** What resolvers of the db subgraph work with, for one request. */
export interface DbContext {
  readonly hop: Hop
  readonly domain: DbDomain
  readonly log: Log
  /** Reads for the viewer of this request. Throws UNAUTHENTICATED without one, FORBIDDEN for a service. */
  readonly reader: () => RecordReader
}

/** The context of a request; the reader in it is made when it is first needed. */
export function dbContext(domain: DbDomain, hop: Hop, log: Log): DbContext {
  let reader: RecordReader | undefined = undefined
  return {
    hop,
    domain,
    log,
    reader: () =>
      (reader ??= new RecordReader(domain.store, viewerOf(hop.principal), {
        signal: hop.signal,
        remainingMs: hop.remainingMs,
        requestId: hop.requestId,
      })),
  }
}

/** Refuses everyone but subgraphs and gateways of this deployment. Throws FORBIDDEN. */
export function requireService({ principal }: Hop): void {
  if (principal?.kind === 'service') return
  throw new EnneadError('FORBIDDEN', 'the change log is for services of this deployment only')
}
