/** `error` fails the command, `warning` should be looked at, `notice` is worth knowing. */
export type Severity = 'error' | 'warning' | 'notice'

/** A stretch of a schema file. Lines and columns count from 1, columns in UTF-16 units, as graphql-js counts them. */
export interface SourceLocation {
  /** Undefined when the file is no subgraph's, e.g. a composed supergraph. */
  readonly subgraph: string | undefined
  /** As the person named it: relative to the configuration, a URL, or a place inside another file. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Default: `line`. */
  readonly endLine?: number
  /** The first column behind the stretch. Default: the one behind `column`. */
  readonly endColumn?: number
  /** The whole text of the file, by reference. Never part of a report; undefined when there is none to show. */
  readonly text: string | undefined
}

/** One thing to say about schemas, in the same shape whoever found it and whichever format prints it. */
export interface Diagnostic {
  readonly severity: Severity
  /** Stable, in capitals, e.g. `INVALID_FIELD_SHARING`. */
  readonly code: string
  /** What is wrong, complete without the rest; may have several lines. */
  readonly message: string
  /** Every place involved, the one to change first. Empty when there is none, e.g. for a type that nobody declares. */
  readonly locations: readonly SourceLocation[]
  /** What to do about it, in one line. */
  readonly advice?: string
  /** Names that may have been meant, the likeliest first. */
  readonly suggestions?: readonly string[]
}

const severities: readonly Severity[] = ['error', 'warning', 'notice']

/** Errors first, then by file, line, column, code and message: the same findings give the same report. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  const [at, bt] = [a.locations[0], b.locations[0]]
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compareText(at?.file ?? '', bt?.file ?? '') ||
    (at?.line ?? 0) - (bt?.line ?? 0) ||
    (at?.column ?? 0) - (bt?.column ?? 0) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  )
}

/** By code units, so that no locale changes an order. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
