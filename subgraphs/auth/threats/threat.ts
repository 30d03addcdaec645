/** `enum ThreatKind` of the schema: what a number of things that were seen looks like. docs/audit.md explains each. */
export type ThreatKind =
  | 'PASSWORD_GUESSING'
  | 'PASSWORD_SPRAYING'
  | 'REFRESH_TOKEN_REUSED'
  | 'KEY_REFUSED'
  | 'CREDENTIALS_REFUSED'
  | 'ACCESS_REFUSED'
  | 'RATE_EXCEEDED'
  | 'HOP_REFUSED'

/** Seen so often of one account, address or key within a minute, it is told. */
export const thresholds: Readonly<Record<ThreatKind, number>> = {
  PASSWORD_GUESSING: 5,
  // Many people share an address.
  PASSWORD_SPRAYING: 30,
  // A second use is never an accident of ours: clients are told that a token works once.
  REFRESH_TOKEN_REUSED: 1,
  KEY_REFUSED: 5,
  CREDENTIALS_REFUSED: 20,
  ACCESS_REFUSED: 20,
  RATE_EXCEEDED: 10,
  // Nobody but our own has a reason to ask a subgraph.
  HOP_REFUSED: 1,
}
