import { unreachable } from '../../../kernel/errors.ts'
import type { NamedProgram, Program } from './layout.ts'
import { escapeEnd, intEnd, stringEnd } from './leaf-scan.ts'
import type { LeafScan } from './leaf-scan.ts'
import { Surprise } from './uncompilable.ts'

/** Fields of one program that are made code of; larger ones are scanned as they are. */
const fieldsMax = 256

/**
 * The same program, in which every part that stands in the answer as it came is scanned by code made for it: names of fields are
 * compared with constants, and strings and whole numbers are read in place, without a call. Where a process may not make code
 * of text (`--disallow-code-generation-from-strings`), the program as it was.
 */
export function withGeneratedScans(program: Program): Program {
  const { kind } = program
  if (kind === 'leaf' || kind === 'place') return program
  const fields = fieldsOf(program)
  if (fields !== undefined && fields <= fieldsMax) {
    const scan = generatedScan(program)
    return scan === undefined ? program : { kind: 'leaf', nullable: program.nullable, scan }
  }
  if (kind === 'list') return { ...program, item: withGeneratedScans(program.item) }
  const withScans = (field: NamedProgram): NamedProgram => ({
    ...field,
    program: withGeneratedScans(field.program),
  })
  return { ...program, fields: program.fields.map(withScans) }
}

/** Undefined: other subgraphs complete something of it. */
function fieldsOf(program: Program): number | undefined {
  switch (program.kind) {
    case 'leaf':
      return 1
    case 'place':
      return undefined
    case 'list':
      return fieldsOf(program.item)
    case 'object':
      return program.fields.reduce<number | undefined>((sum, { program: field }) => {
        const more = fieldsOf(field)
        return sum === undefined || more === undefined ? undefined : sum + more
      }, 1)
    default:
      return unreachable(program)
  }
}

function generatedScan(program: Program): LeafScan | undefined {
  const code = new ScanCode()
  const scan = code.functionOf(program)
  const text = `'use strict';${code.functions.join('')}return ${scan}`
  try {
    // Nothing of it is text of a schema or a client: names are the numbers of their bytes.
    // oxlint-disable-next-line typescript/no-implied-eval
    const make = new Function('scans', 'escapeEnd', 'intEnd', 'refuse', text) as (
      scans: readonly LeafScan[],
      escape: typeof escapeEnd,
      int: LeafScan,
      refuse: (message: string) => never,
    ) => LeafScan
    return make(code.scans, escapeEnd, intEnd, refuse)
  } catch (failure) {
    if (failure instanceof EvalError) return undefined
    throw failure
  }
}

function refuse(message: string): never {
  throw new Surprise(message)
}

const notAsked = `refuse('another field than was asked for')`
const noNull = `refuse('a null where none may be')`
const badString = `refuse('a string that is not JSON')`

/** JavaScript that scans: `b` are the bytes, `p` is where it is, `c` the byte there. */
class ScanCode {
  readonly functions: string[] = []
  /** Scans of leaves that are called. */
  readonly scans: LeafScan[] = []

  /** The name of a function that scans one value that is not null. */
  functionOf(program: Program): string {
    const body = this.#body(program)
    const name = `scan${this.functions.length}`
    this.functions.push(`function ${name}(source,at){const b=source.bytes;let p=at,c=0;${body}return p}`)
    return name
  }

  #body(program: Program): string {
    switch (program.kind) {
      case 'leaf':
        return this.#leaf(program.scan)
      case 'list':
        return `if(b[p]!==91)refuse('no [');p++;
          if(b[p]===93)return p+1;
          do{${this.#value(program.item)}c=b[p++]}while(c===44);
          if(c!==93)refuse('a list without end');`
      case 'object':
        return `${program.fields
          .map(({ literal, program: field }) => literalCode(literal) + this.#value(field))
          .join('')}if(b[p]!==125)refuse('no }');p++;`
      case 'place':
        throw new Error('a place is scanned by nobody but its reader')
      default:
        return unreachable(program)
    }
  }

  /** Objects and lists are functions of their own: what is optimised stays small. */
  #value(program: Program): string {
    const code =
      program.kind === 'leaf' ? this.#leaf(program.scan) : `p=${this.functionOf(program)}(source,p);`
    const whenNull = program.nullable ? literalCode(Buffer.from('null')) : noNull
    return `if(b[p]===110){${whenNull}}else{${code}}`
  }

  #leaf(scan: LeafScan): string {
    if (scan === stringEnd) return stringCode
    if (scan === intEnd) return intCode
    this.scans.push(scan)
    return `p=scans[${this.scans.length - 1}](source,p);`
  }
}

function literalCode(literal: Uint8Array): string {
  const compared = Array.from(literal, (byte, index) => `b[p+${index}]!==${byte}`)
  return `if(${compared.join('||')})${notAsked};p+=${literal.length};`
}

/** As `stringEnd`. */
const stringCode = `if(b[p]!==34)refuse('no string');p++;
  for(;;){c=b[p];
    if(c>92)p++;
    else if(c===34){p++;break}
    else if(c===92)p=escapeEnd(b,p);
    else if(c>=32)p++;
    else ${badString}}`

/** Of what is not plainly a whole number of at most nine digits, `intEnd` says what it is. */
const intCode = `{const s=p;if(b[p]===45)p++;const f=p;
  while((c=b[p])>=48&&c<=57)p++;
  const d=p-f;
  if(d===0||d>9||(d>1&&b[f]===48)||(c!==44&&c!==125&&c!==93))p=intEnd(source,s);}`
