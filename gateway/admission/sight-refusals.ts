import type { ClientPrincipal } from '../../kernel/principal.ts'
import { type Sight, sightingOf } from '../../kernel/sightings/sighting.ts'

/** Who was answered. */
export interface Answered {
  readonly principal: ClientPrincipal | undefined
  readonly address: string | undefined
  /** A credential came with it. */
  readonly credential: boolean
}

/** Tells what of an answer's errors may be part of an attack; each kind once, however many errors there are. */
export function sightRefusals(
  sight: Sight | undefined,
  codes: readonly string[] | undefined,
  { principal, address, credential }: Answered,
): void {
  if (sight === undefined || codes === undefined || codes.length === 0) return
  // Without a credential it only means: sign in.
  if (credential && principal === undefined && codes.includes('UNAUTHENTICATED'))
    sightCredential(sight, 'UNAUTHENTICATED', address)
  if (codes.includes('FORBIDDEN')) sight(sightingOf('forbidden', principal, address))
  if (codes.includes('RATE_LIMITED')) sight(sightingOf('rateLimited', principal, address))
}

/** Tells of a credential that was refused before anything was asked with it. */
export function sightCredential(
  sight: Sight | undefined,
  code: string | undefined,
  address: string | undefined,
): void {
  if (code === 'UNAUTHENTICATED') sight?.(sightingOf('credentialRefused', undefined, address))
}
