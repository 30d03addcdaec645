import type { EngineName } from '../engine-slot.ts'

/** The lease under which one process sweeps. */
export const sweepLease = 'sweep'

/** Where a sweep is in its pass; passes follow each other for ever. */
export type SweepPlace =
  /** The next pass begins then (ISO 8601). */
  | { readonly is: 'resting'; readonly until: string }
  /** Compares the logs behind this entry. */
  | { readonly is: 'logs'; readonly afterSeq: number }
  /** Walks through this store, behind this place in the store's own order. */
  | { readonly is: 'records'; readonly store: EngineName; readonly after: string }

/** What a pass has come to so far. */
export interface SweepCounts {
  /** Records looked at, each once in every store. */
  readonly looked: number
  /** Of these, what was not as the log says or as follows from it. */
  readonly found: number
  readonly repaired: number
}

/** How far the sweep is; what its next holder goes on from. */
export interface SweepProgress {
  readonly place: SweepPlace
  /** When this pass began (ISO 8601). */
  readonly startedAt: string
  /** In this pass the logs of two stores or more were found to be one; else nothing is repaired. */
  readonly sound: boolean
  readonly counts: SweepCounts
  /** Passes that have ended, ever. */
  readonly passes: number
  /** Of all passes that have ended, and this one. */
  readonly total: SweepCounts
  /** The last pass that ended. */
  readonly last: (SweepCounts & { readonly endedAt: string }) | undefined
}

export const noCounts: SweepCounts = { looked: 0, found: 0, repaired: 0 }

/** The progress before the first pass, which begins after a rest. */
export function beginning(now: number, restMs: number): SweepProgress {
  const until = new Date(now + restMs).toISOString()
  return {
    place: { is: 'resting', until },
    startedAt: until,
    sound: false,
    counts: noCounts,
    passes: 0,
    total: noCounts,
    last: undefined,
  }
}

/** The progress a holder has left; undefined: it is not one, and the sweep begins anew. */
export function progressIn(note: string | undefined): SweepProgress | undefined {
  if (note === undefined) return undefined
  try {
    const { form, progress } = JSON.parse(note) as { readonly form?: unknown; readonly progress?: unknown }
    // Written by noteOf of this form, and by nobody else.
    return form === noteForm ? (progress as SweepProgress) : undefined
  } catch {
    return undefined
  }
}

export function noteOf(progress: SweepProgress): string {
  return JSON.stringify({ form: noteForm, progress })
}

/** Raised when `SweepProgress` changes, so that a note of another version is not taken for one of this. */
const noteForm = 1

/** The progress in one line, for an operator. */
export function lineOf({ place, counts, passes, last, sound }: SweepProgress): string {
  const { looked, found, repaired } = last ?? noCounts
  const before =
    last === undefined
      ? 'no pass has ended yet'
      : `pass ${passes} ended ${last.endedAt}: ${looked} records looked at, ${found} wrong, ${repaired} put right`
  if (place.is === 'resting') return `${before}; the next begins ${place.until}`
  const now = place.is === 'logs' ? `logs behind entry ${place.afterSeq}` : `records of ${place.store}`
  const held =
    sound || place.is === 'logs' ? '' : ', repairs nothing because the logs could not be compared or differ'
  return `pass ${passes + 1}: ${now}, ${counts.looked} records looked at, ${counts.found} wrong, ${counts.repaired} put right${held}; ${before}`
}
