import type { SourceLocation } from './diagnostic.ts'
import { cellsOf, printable } from './display-text.ts'
import { paint } from './display.ts'
import type { Display } from './display.ts'

export interface CodeFrameOptions {
  /** Lines shown above and below. Default 1. */
  readonly linesAround?: number
}

/** Columns of a frame where the output has no width of its own. */
const widthDefault = 120
/** A narrower frame shows nothing useful. */
const widthMin = 40
/** A stretch over more lines shows its first ones. */
const linesMax = 6

/**
 * The lines around a location with the stretch underlined, one string a line:
 *
 *     3 | type Query {
 *     4 |   topProducts: [Product]
 *       |   ^^^^^^^^^^^^^^^^^^^^^^
 *
 * Long lines are cut around the stretch to fit the display; control characters of the schema never reach the terminal.
 * Empty when the location has no text or lies outside of it.
 */
export function codeFrame(
  location: SourceLocation,
  display: Display,
  options: CodeFrameOptions = {},
): readonly string[] {
  const lines = location.text?.split(/\r\n|[\n\r]/) ?? []
  if (location.line < 1 || location.line > lines.length) return []
  const around = options.linesAround ?? 1
  const endLine = Math.min(Math.max(location.endLine ?? location.line, location.line), lines.length)
  const shownEnd = Math.min(endLine, location.line + linesMax - 1)
  const first = Math.max(1, location.line - around)
  const last = shownEnd < endLine ? shownEnd : Math.min(lines.length, shownEnd + around)
  const gutter = String(last).length
  const width = Math.max(widthMin, display.width ?? widthDefault) - gutter - ' | '.length - 1
  const start = cellsOf((lines[location.line - 1] ?? '').slice(0, location.column - 1))
  const offset = cutFrom(start, width)
  const frame: string[] = []
  for (let line = first; line <= last; line++) {
    const text = lines[line - 1] ?? ''
    const marked = line >= location.line && line <= shownEnd
    const bar = paint(display, marked ? 'red' : 'gray', '|')
    const shown = cut(printable(text), offset, width)
    frame.push(` ${paint(display, 'gray', String(line).padStart(gutter))} ${bar} ${shown}`.trimEnd())
    const carets = marked ? caretsOf(location, line, endLine, text, offset, width) : ''
    if (carets !== '') frame.push(` ${' '.repeat(gutter)} ${bar} ${paint(display, 'red', carets)}`)
  }
  if (shownEnd < endLine) frame.push(` ${' '.repeat(gutter)} ${paint(display, 'gray', '| …')}`)
  return frame
}

function caretsOf(
  location: SourceLocation,
  line: number,
  endLine: number,
  text: string,
  offset: number,
  width: number,
): string {
  const from = line === location.line ? location.column - 1 : text.length - text.trimStart().length
  const end =
    line === endLine ? (location.endColumn ?? (line === location.line ? from + 2 : 1)) - 1 : text.length
  const start = Math.max(0, cellsOf(text.slice(0, from)) - offset)
  const stop = Math.max(start, cellsOf(text.slice(0, end)) - offset)
  const length = line === location.line ? Math.max(1, stop - start) : stop - start
  return length === 0 ? '' : `${' '.repeat(start)}${'^'.repeat(length)}`.slice(0, width)
}

/** The first cell shown of a line whose stretch begins at `start`: 0 where it fits, else a third of the width before it. */
function cutFrom(start: number, width: number): number {
  return start < (width * 2) / 3 ? 0 : start - Math.floor(width / 3)
}

/** The cells of a printable line from `offset` on, `width` of them; `…` stands where something was cut. */
function cut(text: string, offset: number, width: number): string {
  const end = offset + width
  const tooLong = cellsOf(text) > end
  let shown = offset > 0 && text !== '' ? '…' : ''
  let cells = 0
  for (const character of text) {
    cells += cellsOf(character)
    if (cells > (tooLong ? end - 1 : end)) return `${shown}…`
    if (offset === 0 || cells > offset + 1) shown += character
  }
  return shown
}
