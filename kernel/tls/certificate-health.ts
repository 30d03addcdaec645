import type { OwnCertificate } from './tls-material.ts'

/** How long this process can still show its certificate. */
export interface CertificateHealth {
  readonly name: string
  /** ISO 8601. */
  readonly expiresAt: string
  /** `expiring`: less than a quarter of its life is left, so that it should have been renewed. */
  readonly state: 'valid' | 'expiring' | 'expired'
}

/** Renewal is meant to happen at half of the life; below this it was missed. */
const expiringShare = 1 / 4

/** @param wallMs Milliseconds since 1970. */
export function certificateHealth(
  { name, validFrom, validTo }: OwnCertificate,
  wallMs: number,
): CertificateHealth {
  const restMs = validTo - wallMs
  const expiring = restMs < (validTo - validFrom) * expiringShare
  const state = restMs <= 0 ? 'expired' : expiring ? 'expiring' : 'valid'
  return { name, expiresAt: new Date(validTo).toISOString(), state }
}
