import { cellsOf, printable } from '../composition/display-text.ts'
import type { Terminal } from './terminal.ts'

/** One line that says what is going on, written over itself; only where a person looks, and gone when it is over. */
export class Progress {
  readonly #terminal: Terminal
  readonly #write: (text: string) => void
  #shown = false

  constructor(terminal: Terminal, write: (text: string) => void) {
    this.#terminal = terminal
    this.#write = write
  }

  show(text: string): void {
    if (!this.#terminal.interactive) return
    // A line that wraps could not be erased.
    const fitting = cellsOf(text) < (this.#terminal.width ?? 80) ? printable(text) : ''
    this.#write(`${eraseLine}${fitting}`)
    this.#shown = true
  }

  clear(): void {
    if (this.#shown) this.#write(eraseLine)
    this.#shown = false
  }
}

/** `[#####-----] 50 %` */
export function progressBar(done: number, of: number): string {
  const share = of <= 0 ? 1 : Math.min(1, Math.max(0, done / of))
  const full = Math.floor(share * barCells)
  return `[${'#'.repeat(full)}${'-'.repeat(barCells - full)}] ${Math.floor(share * 100)} %`
}

const barCells = 30

const eraseLine = '\r\u001b[2K'

/** What a composition is doing while it has read `done` schemas. */
export function progressText(done: number, of: number): string {
  return done < of
    ? `reading schemas, ${done} of ${of} …`
    : `composing ${of === 1 ? 'one subgraph' : `${of} subgraphs`} …`
}
