import { EnneadError } from '../../kernel/errors.ts'

/** One step from a layout of a store's data to the next. */
export interface LayoutStep {
  /** The layout it leads to. Counts up by one from 1. */
  readonly version: number
  readonly name: string
}

/** How a store's data are laid out, for `ennead migrate`; opened while nobody else uses them. */
export interface StoreLayout extends AsyncDisposable {
  /** What the store stands on, for operators. */
  readonly detail: string
  /** Every step this Ennead knows, in order. */
  readonly steps: readonly LayoutStep[]
  /** The layout its data have now; 0: there are none. */
  present(): Promise<number>
  /**
   * Brings the data to another layout, step by step, each whole or not at all, telling each step that is done. Rejects with
   * STORE_TOO_NEW for data whose layout is not known, BAD_OPTION for a layout that nothing leads to.
   */
  move(to: number, onStep: (step: LayoutStep, direction: 'up' | 'down') => void): Promise<void>
}

/** The error for data that a newer Ennead laid out. `store` is as `--store` names it. */
export function tooNew(place: string, store: string, present: number, known: number): EnneadError {
  return new EnneadError(
    'STORE_TOO_NEW',
    `${place} is of layout ${present} and this Ennead knows up to ${known}: start the Ennead that wrote it or a newer one, ` +
      `or bring it back with that one: ennead migrate down --store ${store} --to ${known}`,
  )
}

/** Throws BAD_OPTION for a layout that these steps do not lead to. */
export function requireLayout(store: string, to: number, steps: readonly LayoutStep[]): void {
  if (Number.isSafeInteger(to) && to >= 1 && to <= steps.length) return
  throw new EnneadError('BAD_OPTION', `${store} has the layouts 1 to ${steps.length}, not ${to}`)
}

/** A layout whose version is a number beside the data, where there has been one layout only so far. */
export class StampedLayout {
  readonly steps: readonly LayoutStep[] = [{ version: 1, name: 'records, log and seat' }]
  readonly #store: string
  readonly #place: string

  constructor(store: string, place: string) {
    this.#store = store
    this.#place = place
  }

  /** Throws STORE_TOO_NEW for a stamp of a newer Ennead. */
  check(stamp: number): void {
    if (stamp > this.steps.length) throw tooNew(this.#place, this.#store, stamp, this.steps.length)
  }

  /** There is nothing to be done between layouts of which there is one. */
  async move(present: number, to: number): Promise<void> {
    this.check(present)
    requireLayout(this.#store, to, this.steps)
  }
}
