import { unreachable } from '../../../kernel/errors.ts'
import type { Batch, Group, Layout, NamedProgram, Program } from './layout.ts'
import type { Brought, Piece, Place, Slot } from './place.ts'
import { Surprise } from './uncompilable.ts'

/** Where the places of one run are kept. */
export interface Places {
  /** The place for an object that came as `bytes`; undefined: it stands for itself. */
  place(layout: Layout, own: readonly Slot[], bytes: string | undefined): Place
}

// JSON has none outside of strings, and none inside of them.
// oxlint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f]/

/**
 * Reads the answer of one request as bytes in latin1, cuts out what it brings and checks all of it: what is not exactly
 * what was asked for, in the order it was asked for, is a Surprise.
 */
export class AnswerScanner {
  readonly #text: string
  readonly #places: Places
  readonly #escapes: boolean
  /** What the value that is being cut out is put together from so far; undefined: nothing but bytes. */
  #pieces: Piece[] | undefined
  /** Where the bytes begin that are not in `#pieces` yet. */
  #from = 0

  constructor(bytes: string, places: Places) {
    this.#text = bytes.trimEnd()
    this.#places = places
    this.#escapes = this.#text.includes('\\')
    if (controlCharacter.test(this.#text)) throw new Surprise('control characters')
  }

  /** The values of root fields, in the order of the batch. */
  root(batch: Batch): readonly Slot[] {
    const slots: Slot[] = []
    const end = this.#fields(batch.fields, this.#expect('{"data":', 0), slots)
    this.#end(end)
    return slots
  }

  /** Fills in what came for the entities of each group. */
  entities(
    groups: readonly Group[],
    aliasOf: (index: number) => string,
    asked: readonly (readonly Brought[])[],
  ): void {
    let at = this.#expect('{"data":{', 0)
    for (const [index, { fields }] of groups.entries()) {
      at = this.#expect(`${index === 0 ? '' : ','}"${aliasOf(index)}":[`, at)
      let first = true
      for (const brought of asked[index] ?? []) {
        if (!first) at = this.#expect(',', at)
        first = false
        if (this.#text.startsWith('null', at)) at += 4
        else {
          const slots: Slot[] = []
          at = this.#fields(fields, at, slots)
          brought.slots = slots
        }
      }
      at = this.#expect(']', at)
    }
    this.#end(this.#expect('}', at))
  }

  /** What follows the data may be extensions, if nothing in them is for the gateway. */
  #end(at: number): void {
    if (at === this.#text.length - 1 && this.#text.endsWith('}')) return
    if (!this.#text.startsWith(',"extensions":', at) || this.#text.includes('"ennead"', at)) {
      throw new Surprise('more than data')
    }
    try {
      // oxlint-disable-next-line typescript/no-unsafe-member-access
      const rest: unknown = JSON.parse(`{${this.#text.slice(at + 1)}`)
      if (Object.keys(rest as object).length === 1) return
    } catch (cause) {
      throw new Surprise('text that is not JSON', { cause })
    }
    throw new Surprise('more than data')
  }

  #expect(literal: string, at: number): number {
    if (!this.#text.startsWith(literal, at)) throw new Surprise(`no ${literal}`)
    return at + literal.length
  }

  /** Cuts out every field of the object at `at`, its brackets included. */
  #fields(fields: readonly NamedProgram[], at: number, slots: Slot[]): number {
    const outer = this.#pieces
    const outerFrom = this.#from
    let end = at
    for (const { literal, program } of fields) {
      const from = this.#expect(literal, end)
      this.#pieces = undefined
      this.#from = from
      end = this.#value(program, from)
      slots.push(this.#cut(from, end))
    }
    this.#pieces = outer
    this.#from = outerFrom
    return this.#expect('}', end)
  }

  #cut(from: number, end: number): Slot {
    const pieces = this.#pieces
    if (pieces === undefined) return this.#text.slice(from, end)
    if (this.#from < end) pieces.push(this.#text.slice(this.#from, end))
    return pieces
  }

  #value(program: Program, at: number): number {
    const text = this.#text
    if (text.charCodeAt(at) === letterN) {
      if (!program.nullable) throw new Surprise('a null where none may be')
      return this.#expect('null', at)
    }
    switch (program.kind) {
      case 'leaf':
        return program.scan(text, at, this.#escapes)
      case 'list':
        return this.#list(program.item, at)
      case 'object': {
        let end = at
        for (const { literal, program: field } of program.fields) {
          if (!text.startsWith(literal, end)) throw new Surprise(`no ${literal}`)
          end = this.#value(field, end + literal.length)
        }
        return this.#expect('}', end)
      }
      case 'place':
        return this.#place(program.layout, at)
      default:
        return unreachable(program)
    }
  }

  #list(item: Program, at: number): number {
    const text = this.#text
    let end = this.#expect('[', at)
    if (text.charCodeAt(end) === closingBracket) return end + 1
    let code = comma
    while (code === comma) {
      end = this.#value(item, end)
      code = text.charCodeAt(end++)
    }
    if (code !== closingBracket) throw new Surprise('a list without end')
    return end
  }

  #place(layout: Layout, at: number): number {
    const own: Slot[] = []
    const end = this.#fields(layout.own, at, own)
    // Long ones, and those that hold others, are seldom the same, and take long to compare.
    const short = end - at <= sharedLengthMax && own.every(slot => typeof slot === 'string')
    const place = this.#places.place(layout, own, short ? this.#text.slice(at, end) : undefined)
    this.#pieces ??= []
    if (this.#from < at) this.#pieces.push(this.#text.slice(this.#from, at))
    this.#pieces.push(place)
    this.#from = end
    return end
  }
}

/** Longest object that is shared by all the places it stands in, in bytes. */
const sharedLengthMax = 512

const comma = 44
const closingBracket = 93
const letterN = 110
