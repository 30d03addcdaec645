import { systemClock } from '../../kernel/clock.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import { SightingBuffer, type SightingBufferOptions } from '../../kernel/sightings/sighting-buffer.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import { RemoteSightings } from '../../subgraphs/auth/remote.ts'
import type { RemoteAuthOptions } from '../../subgraphs/auth/remote.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { ProcessMetrics } from './metrics.ts'

/** What telling of attacks needs of its process. */
export interface SightingSurroundings {
  readonly lifecycle: Lifecycle
  readonly log: Log
  /** Undefined: nothing is counted. */
  readonly metrics: Pick<ProcessMetrics, 'sightings'> | undefined
}

/** What is seen in this process is collected and handed to `send`. */
export function openSightings(
  send: SightingBufferOptions['send'],
  { lifecycle, log, metrics }: SightingSurroundings,
): Sight {
  const buffer = new SightingBuffer({ send, clock: systemClock, log })
  lifecycle.add('sightings', () => buffer.close())
  metrics?.sightings(() => buffer.counts)
  return sighting => buffer.note(sighting)
}

/** As above, to the auth subgraph of another process. Undefined without one: nobody would count it. */
export function sightingsToAuth(
  url: string | undefined,
  signer: HopSigner | undefined,
  tls: RemoteAuthOptions['tls'],
  surroundings: SightingSurroundings,
): Sight | undefined {
  if (url === undefined || signer === undefined) return undefined
  const remote = new RemoteSightings({ url, signer, tls })
  surroundings.lifecycle.add('sightings to auth', () => remote.close())
  return openSightings((batch, signal) => remote.send(batch, signal), surroundings)
}
