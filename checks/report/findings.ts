import type { Diagnostic } from '../../composition/diagnostic.ts'

/** What a command found, as the formats for other programs need it; each command makes it of its own report. */
export interface Findings {
  /** The command, e.g. `ennead check`. */
  readonly tool: string
  /** What was looked at, e.g. `3 changes against main`. */
  readonly subject: string
  readonly passed: boolean
  /** What it came to, in one line. */
  readonly summary: string
  readonly diagnostics: readonly Diagnostic[]
  /** Stands for the place of what has none: the configuration. */
  readonly file: string
}
