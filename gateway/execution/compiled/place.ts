import type { Layout, Origin } from './layout.ts'
import { Surprise } from './uncompilable.ts'

/** A value as it came: its bytes in latin1, or what it is put together from when other subgraphs complete parts of it. */
export type Slot = string | readonly Piece[]
export type Piece = string | Place
/** The value of a root field; a large one that stands in the answer as it came is taken as it is. */
export type RootSlot = Slot | Buffer

/** What one entity of a group came to. */
export interface Brought {
  /** What it was asked for by. */
  readonly representation: string
  /** Undefined: there is no such entity. */
  slots: readonly Slot[] | undefined
}

/**
 * An object that other subgraphs complete. What came with it decides all the rest: objects that came as the same bytes in
 * the same layout can be one place, asked for and written once.
 */
export class Place {
  readonly layout: Layout
  readonly own: readonly Slot[]
  /** What it came as: its bytes in the answer it came with. */
  readonly source: Buffer
  readonly from: number
  readonly end: number
  /** By use; filled in as answers come. */
  readonly brought: Brought[] = []
  #text: string | undefined
  #flat = false

  constructor(layout: Layout, own: readonly Slot[], source: Buffer, from: number, end: number) {
    this.layout = layout
    this.own = own
    this.source = source
    this.from = from
    this.end = end
  }

  /** The bytes of a value that the object is known by. Throws Surprise when they are not there. */
  required(origin: Origin): string {
    const slot =
      origin.kind === 'own'
        ? this.own[origin.index]
        : origin.kind === 'brought'
          ? this.brought[origin.use]?.slots?.[origin.slot]
          : undefined
    if (typeof slot !== 'string') throw new Surprise('what is required is missing')
    return slot
  }

  /** The client's object. Throws Surprise when a field is missing that must not be. */
  text(): string {
    if (this.#text === undefined) return (this.#text = this.#write())
    if (!this.#flat) this.#flat = isFlatObject(this.#text)
    return this.#text
  }

  #write(): string {
    let text = ''
    for (const { literal, origin, nullable } of this.layout.items) {
      text += literal
      if (origin.kind === 'constant') text += origin.text
      else if (origin.kind === 'own') text += textOf(this.own[origin.index])
      else {
        const brought = this.brought[origin.use]
        if (brought === undefined) throw new Surprise('an object that was not completed')
        if (brought.slots !== undefined) text += textOf(brought.slots[origin.slot])
        else if (nullable) text += 'null'
        else throw new Surprise('an entity that must be there')
      }
    }
    return text === '' ? '{}' : `${text}}`
  }
}

/**
 * Text that was added up is a tree to V8, walked through wherever it stands again, until a character of it is read: that lays it out in
 * one piece, in every place.
 */
function isFlatObject(text: string): boolean {
  return text.charCodeAt(0) === openingBrace
}

const openingBrace = 123

export function textOf(slot: Slot | undefined): string {
  if (typeof slot === 'string') return slot
  if (slot === undefined) throw new Surprise('a value that did not come')
  let text = ''
  for (const piece of slot) text += typeof piece === 'string' ? piece : piece.text()
  return text
}
