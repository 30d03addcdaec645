import type { ChangeKind } from '../changes/change.ts'

/**
 * - `breaking`: a request that was answered is refused, or an answer breaks what the schema promised before
 * - `dangerous`: everything stays within what was promised, but a client may meet what it has never met
 * - `safe`: nobody who keeps to the old schema can notice
 */
export type Level = 'breaking' | 'dangerous' | 'safe'

const rank: readonly Level[] = ['safe', 'dangerous', 'breaking']

export function worse(a: Level, b: Level): Level {
  return rank.indexOf(a) >= rank.indexOf(b) ? a : b
}

/** What one change does to one operation. */
export interface Finding {
  readonly kind: ChangeKind
  readonly coordinate: string
  readonly level: Exclude<Level, 'safe'>
  /** How the operation meets the change, a phrase after its name: `selects Product.name`. */
  readonly how: string
}

/** Takes what is found. */
export type Found = (finding: Finding) => void
