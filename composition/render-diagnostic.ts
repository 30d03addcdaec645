import { codeFrame } from './code-frame.ts'
import type { Diagnostic, Severity, SourceLocation } from './diagnostic.ts'
import { printable, wrapped } from './display-text.ts'
import { paint } from './display.ts'
import type { Display } from './display.ts'

/** Frames of one message; more are named without their text. */
const framesMax = 6
/** Places of one line that are closer than this share a frame. */
const sameFrameColumns = 80
const colours = { error: 'red', warning: 'yellow', notice: 'cyan' } as const satisfies Record<
  Severity,
  string
>

/**
 * A diagnostic for people: code and message, every place with its frame, what may have been meant, and what to do.
 *
 *     error INVALID_FIELD_SHARING
 *     Non-shareable field "Query.x" is resolved from multiple subgraphs: …
 *
 *       a  ./a.graphql:3:3
 *       3 |   x: Int
 *         |   ^^^^^^
 *
 *       help: …
 */
export function renderDiagnostic(diagnostic: Diagnostic, display: Display): string {
  const { severity, code, message, locations, advice, suggestions = [] } = diagnostic
  const lines = [
    `${paint(display, [colours[severity], 'bold'], severity)} ${paint(display, 'bold', code)}`,
    ...wrapped(message.trimEnd(), display.width),
  ]
  const indented = display.width === undefined ? display : { ...display, width: display.width - 1 }
  for (const [index, location] of locations.entries()) {
    if (isFramedBefore(locations, index)) continue
    lines.push('', `  ${placeOf(location, display)}`)
    if (index < framesMax) lines.push(...codeFrame(location, indented).map(line => ` ${line}`))
  }
  const hints: string[] = []
  if (suggestions.length > 0) hints.push(`did you mean ${orList(suggestions)}?`)
  if (advice !== undefined) hints.push(`help: ${advice}`)
  if (hints.length > 0) lines.push('')
  for (const hint of hints) {
    const width = display.width === undefined ? undefined : display.width - 2
    lines.push(...wrapped(hint, width).map(line => `  ${paint(display, 'green', line)}`))
  }
  return `${lines.join('\n')}\n`
}

/** A second place in a line that was just shown tells a person nothing new, unless the line is too long to be shown. */
function isFramedBefore(locations: readonly SourceLocation[], index: number): boolean {
  const here = locations[index]
  return locations
    .slice(0, index)
    .some(
      ({ file, line, column }) =>
        file === here?.file && line === here.line && Math.abs(column - here.column) < sameFrameColumns,
    )
}

/** One line, for a log: `schema/db.graphql:12:3: [db] INVALID_GRAPHQL: …`. */
export function describeDiagnostic({ code, message, locations }: Diagnostic): string {
  const [first] = locations
  const place = first === undefined ? '' : `${describeLocation(first)}: `
  const owner = first?.subgraph === undefined || message.startsWith('[') ? '' : `[${first.subgraph}] `
  return printable(`${place}${owner}${code}: ${message.replaceAll(/\s*\n\s*/g, ' ')}`)
}

/** `schema/db.graphql:12:3`, which editors and terminals make a link of. */
export function describeLocation(location: SourceLocation): string {
  return printable(`${location.file}:${location.line}:${location.column}`)
}

function placeOf(location: SourceLocation, display: Display): string {
  const where = paint(display, 'underline', describeLocation(location))
  return location.subgraph === undefined
    ? where
    : `${where} ${paint(display, 'gray', printable(`(${location.subgraph})`))}`
}

function orList(names: readonly string[]): string {
  const quoted = names.map(name => `"${name}"`)
  const last = quoted.pop() ?? ''
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`
}
