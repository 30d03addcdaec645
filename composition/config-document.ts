import { LineCounter, isAlias, isMap, isNode, isPair, isScalar, parseDocument } from 'yaml'
import type { Document, Node, Range } from 'yaml'
import type { Diagnostic, SourceLocation } from './diagnostic.ts'

/** Way to a value: `['subgraphs', 'a', 'routing_url']`. */
export type ConfigPath = readonly string[]

/** A YAML file whose values know where they stand, and everything found wrong with it so far. */
export class ConfigDocument {
  readonly #file: string
  readonly #text: string
  readonly #lines = new LineCounter()
  readonly #document: Document.Parsed
  readonly #diagnostics: Diagnostic[] = []

  constructor(file: string, text: string) {
    this.#file = file
    this.#text = text
    this.#document = parseDocument(text, { lineCounter: this.#lines, logLevel: 'silent' })
    for (const fault of this.#document.errors) {
      const message = `not YAML: ${fault.message.split(/ at line \d|\n/)[0] ?? ''}`
      this.#report('error', message, this.#span(fault.pos[0], fault.pos[1]))
    }
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics
  }

  /** The text, number or word at `path`; an empty object for a map or a list; undefined when there is nothing. */
  value(path: ConfigPath): unknown {
    const node = this.#node(path)
    if (isScalar(node)) return node.value ?? undefined
    // Never expanded: aliases of aliases make gigabytes of a few lines.
    return node === undefined || node === null ? undefined : {}
  }

  /** Names of what stands in the map at `path`; undefined when it is no map. */
  keys(path: ConfigPath): readonly string[] | undefined {
    const node = this.#node(path)
    if (!isMap(node)) return undefined
    return node.items.map(({ key }) => String(isScalar(key) ? key.value : key))
  }

  /** Where `path` stands, or the nearest thing above it. */
  location(path: ConfigPath): SourceLocation {
    for (let length = path.length; length > 0; length--) {
      const parent = this.#node(path.slice(0, length - 1))
      if (!isMap(parent)) continue
      const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === path[length - 1])
      if (isPair(pair) && isNode(pair.key) && isRange(pair.key.range)) {
        const value = isScalar(pair.value) && length === path.length ? pair.value.range : undefined
        return this.#span(pair.key.range[0], isRange(value) ? value[1] : pair.key.range[1])
      }
    }
    return this.#span(0, 1)
  }

  /**
   * The text of a literal block (`|`) at `path` with the lines before it blank and its indentation kept, so that places
   * in it are places in this file; undefined for any other style.
   */
  block(path: ConfigPath): string | undefined {
    const node = this.#node(path)
    if (!isScalar(node) || node.type !== 'BLOCK_LITERAL' || !isRange(node.range)) return undefined
    const [start, end] = node.range
    const header = this.#text.indexOf('\n', start)
    if (header < 0 || header >= end) return undefined
    return '\n'.repeat(this.#lines.linePos(header + 1).line - 1) + this.#text.slice(header + 1, end)
  }

  refuse(path: ConfigPath, message: string, more: Partial<Diagnostic> = {}): void {
    this.#report('error', message, this.location(path), more)
  }

  warn(path: ConfigPath, message: string, more: Partial<Diagnostic> = {}): void {
    this.#report('warning', message, this.location(path), more)
  }

  #report(
    severity: 'error' | 'warning',
    message: string,
    location: SourceLocation,
    more: Partial<Diagnostic> = {},
  ): void {
    this.#diagnostics.push({ severity, code: 'CONFIG_INVALID', message, locations: [location], ...more })
  }

  #node(path: ConfigPath): Node | null | undefined {
    let node: unknown = this.#document.contents
    for (const name of path) {
      if (isAlias(node)) node = node.resolve(this.#document)
      if (!isMap(node)) return undefined
      node = node.items.find(({ key }) => isScalar(key) && String(key.value) === name)?.value
    }
    if (isAlias(node)) node = node.resolve(this.#document)
    return isNode(node) ? node : undefined
  }

  #span(start: number, end: number): SourceLocation {
    const from = this.#lines.linePos(start)
    const to = this.#lines.linePos(Math.max(start, end))
    return {
      subgraph: undefined,
      file: this.#file,
      line: from.line,
      column: from.col,
      ...(to.line === from.line ? { endLine: to.line, endColumn: Math.max(to.col, from.col + 1) } : {}),
      text: this.#text,
    }
  }
}

/** The library leaves ranges out of nodes it made itself. */
function isRange(range: Range | null | undefined): range is Range {
  return range !== null && range !== undefined
}
