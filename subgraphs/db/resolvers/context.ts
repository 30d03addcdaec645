import type { CallOptions } from '../../../dispatch/port.ts'
import type { Degradation } from '../../../kernel/degradation.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Hop } from '../../../kernel/hop.ts'
import type { Log } from '../../../kernel/log.ts'
import type { DbDomain } from '../domain.ts'
import type { DegradationNotes, ResolverPlace } from '../../service/degradation-notes.ts'
import { type RecordReader, recordReader } from '../record-reader.ts'
import { requestReads } from '../request-reads.ts'
import { viewerOf } from '../viewer.ts'

/** What resolvers of the db subgraph work with, for one request. */
export interface DbContext {
  readonly hop: Hop
  readonly domain: DbDomain
  readonly log: Log
  /**
   * Reads for the viewer of this request. What is answered from the past is marked at `place`; `reference`: at that entity
   * of it. Throws UNAUTHENTICATED without a viewer, FORBIDDEN for a service.
   */
  readonly reader: (place: ResolverPlace, reference?: object) => RecordReader
  /** Before anything is decided: see `RequestReads.ready`. */
  readonly ready: () => Promise<void>
}

/** The context of a request; the reader in it is made when it is first needed. */
export function dbContext(domain: DbDomain, hop: Hop, log: Log, notes: DegradationNotes): DbContext {
  let shared: RecordReader | undefined = undefined
  const { source, ready, session } = requestReads(domain, hop)
  notes.tellSession(session)
  return {
    ready,
    hop,
    domain,
    log,
    reader(place, reference) {
      const hear = (degradation: Degradation): void => notes.note(place, degradation, reference)
      shared ??= recordReader(source, viewerOf(hop.principal), callOf(hop), hear)
      return shared.at(hear)
    },
  }
}

/** What a hop leaves for the calls made on its behalf. */
export function callOf({ signal, remainingMs, requestId }: Hop): CallOptions {
  return { signal, remainingMs, requestId }
}

/** Refuses everyone but subgraphs and gateways of this deployment. Throws FORBIDDEN. */
export function requireService({ principal }: Hop): void {
  if (principal?.kind === 'service') return
  throw new EnneadError('FORBIDDEN', 'the change log is for services of this deployment only')
}
