import { unreachable } from '../../../kernel/errors.ts'
import type { Batch, Group, Layout, NamedProgram, Program } from './layout.ts'
import { isAt } from './leaf-scan.ts'
import type { Source } from './leaf-scan.ts'
import { Place } from './place.ts'
import type { Brought, Piece, RootSlot, Slot } from './place.ts'
import { Surprise } from './uncompilable.ts'

/** Where the places of one run are kept. */
export interface Places {
  /** The place whose bytes stand in `answer` at `at`, if there was one before. */
  known(layout: Layout, answer: Buffer, at: number): Place | undefined
  add(place: Place): void
}

/** From so many bytes on a value is taken as bytes: text would be made of them, and bytes of the text. */
const largeBytes = 16_384

/**
 * Reads the answer of one request, cuts out what it brings and checks all of it: what is not exactly what was asked for, in
 * the order it was asked for, is a Surprise. What it cuts out is UTF-8 in latin1.
 */
export class AnswerScanner implements Source {
  readonly bytes: Buffer
  readonly #places: Places
  #text: string | undefined
  /** What the value that is being cut out is put together from so far; undefined: nothing but bytes. */
  #pieces: Piece[] | undefined
  /** Where the bytes begin that are not in `#pieces` yet. */
  #from = 0

  /** @param answer UTF-8. */
  constructor(answer: Buffer, places: Places) {
    this.bytes = answer
    this.#places = places
  }

  get text(): string {
    return (this.#text ??= this.bytes.toString('latin1'))
  }

  /** The values of root fields, in the order of the batch. */
  root(batch: Batch): readonly RootSlot[] {
    const slots: RootSlot[] = []
    let end = this.#expect('{"data":', 0)
    for (const field of batch.fields) {
      const from = this.#afterLiteral(field.literal, end)
      end = this.#begin(field.program, from)
      const isLarge = this.#pieces === undefined && end - from >= largeBytes
      slots.push(isLarge ? this.bytes.subarray(from, end) : this.#cut(from, end))
    }
    this.#end(this.#afterByte(closingBrace, end))
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
        if (this.bytes[at] === letterN) at = this.#expect('null', at)
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
    const rest = this.bytes.toString('latin1', at).trim()
    if (rest === '}') return
    if (!rest.startsWith(',"extensions":') || rest.includes('"ennead"')) throw new Surprise('more than data')
    try {
      // What begins with a brace is an object.
      const members = JSON.parse(`{${rest.slice(1)}`) as object
      if (Object.keys(members).length === 1) return
    } catch (cause) {
      throw new Surprise('text that is not JSON', { cause })
    }
    throw new Surprise('more than data')
  }

  #expect(literal: string, at: number): number {
    if (!isAt(this.bytes, literal, at)) throw new Surprise(`no ${literal}`)
    return at + literal.length
  }

  #afterByte(byte: number, at: number): number {
    if (this.bytes[at] !== byte) throw new Surprise(`no ${String.fromCharCode(byte)}`)
    return at + 1
  }

  #afterLiteral(literal: Uint8Array, at: number): number {
    const { bytes } = this
    for (let index = 0; index < literal.length; index++) {
      if (bytes[at + index] !== literal[index]) throw new Surprise('another field than was asked for')
    }
    return at + literal.length
  }

  /** Cuts out every field of the object at `at`, its brackets included. */
  #fields(fields: readonly NamedProgram[], at: number, slots: Slot[]): number {
    const outer = this.#pieces
    const outerFrom = this.#from
    let end = at
    for (const { literal, program } of fields) {
      const from = this.#afterLiteral(literal, end)
      end = this.#begin(program, from)
      slots.push(this.#cut(from, end))
    }
    this.#pieces = outer
    this.#from = outerFrom
    return this.#afterByte(closingBrace, end)
  }

  /** A value that is cut out by itself. */
  #begin(program: Program, from: number): number {
    this.#pieces = undefined
    this.#from = from
    return this.#value(program, from)
  }

  #cut(from: number, end: number): Slot {
    const pieces = this.#pieces
    if (pieces === undefined) return this.text.slice(from, end)
    if (this.#from < end) pieces.push(this.text.slice(this.#from, end))
    return pieces
  }

  #value(program: Program, at: number): number {
    if (this.bytes[at] === letterN) {
      if (!program.nullable) throw new Surprise('a null where none may be')
      return this.#expect('null', at)
    }
    switch (program.kind) {
      case 'leaf':
        return program.scan(this, at)
      case 'list':
        return this.#list(program.item, at)
      case 'object': {
        let end = at
        for (const { literal, program: field } of program.fields) {
          end = this.#value(field, this.#afterLiteral(literal, end))
        }
        return this.#afterByte(closingBrace, end)
      }
      case 'place':
        return this.#place(program.layout, at)
      default:
        return unreachable(program)
    }
  }

  #list(item: Program, at: number): number {
    const { bytes } = this
    let end = this.#afterByte(openingBracket, at)
    if (bytes[end] === closingBracket) return end + 1
    let code: number | undefined = comma
    while (code === comma) {
      end = this.#value(item, end)
      code = bytes[end++]
    }
    if (code !== closingBracket) throw new Surprise('a list without end')
    return end
  }

  #place(layout: Layout, at: number): number {
    let place = this.#places.known(layout, this.bytes, at)
    let end: number
    if (place === undefined) {
      const own: Slot[] = []
      end = this.#fields(layout.own, at, own)
      place = new Place(layout, own, this.bytes, at, end)
      this.#places.add(place)
    } else end = at + place.end - place.from
    this.#pieces ??= []
    if (this.#from < at) this.#pieces.push(this.text.slice(this.#from, at))
    this.#pieces.push(place)
    this.#from = end
    return end
  }
}

const comma = 44
const openingBracket = 91
const closingBracket = 93
const letterN = 110
const closingBrace = 125
