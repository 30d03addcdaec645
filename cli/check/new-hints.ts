import type { Diagnostic } from '../../composition/diagnostic.ts'
import { isShown } from '../composition-report.ts'
import type { HintLevel } from '../composition-report.ts'

/**
 * What composition says of the new schemas besides errors, down to `level`. What it said of the baseline as well is left
 * out; of a baseline that was not composed here (undefined) that is not known.
 */
export function newHints(
  base: readonly Diagnostic[] | undefined,
  next: readonly Diagnostic[] | undefined,
  level: HintLevel,
): readonly Diagnostic[] {
  const old = new Set(base?.map(keyOf))
  return (next ?? []).filter(hint => isShown(hint.severity, level) && !old.has(keyOf(hint)))
}

/** Lines move when something else is changed. */
function keyOf({ code, message }: Diagnostic): string {
  return `${code} ${message}`
}
