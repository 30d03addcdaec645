import type { GraphQLAnswer } from '../../engine.ts'

/** A part of an answer: bytes of UTF-8, as they are or as the characters of latin1. */
export type Bytes = string | Buffer

/**
 * An answer whose data was cut out of the bytes of subgraphs and never parsed. Whoever looks at `data` has it parsed then;
 * a door that only writes it takes `bytes`.
 */
export class SplicedAnswer implements GraphQLAnswer {
  /** The data as JSON. */
  readonly #data: readonly Bytes[]
  readonly extensions?: Readonly<Record<string, unknown>>

  constructor(data: readonly Bytes[], extensions?: Readonly<Record<string, unknown>>) {
    this.#data = data
    if (extensions !== undefined) this.extensions = extensions
  }

  /** The whole answer as JSON, in parts. */
  get bytes(): readonly Bytes[] {
    const { extensions } = this
    const end =
      extensions === undefined
        ? '}'
        : `,"extensions":${Buffer.from(JSON.stringify(extensions)).toString('latin1')}}`
    const [data, ...more] = this.#data
    // The usual answer is one text.
    if (more.length === 0 && typeof data === 'string') return [`{"data":${data}${end}`]
    return ['{"data":', ...this.#data, end]
  }

  get data(): Readonly<Record<string, unknown>> {
    // The data of a query's answer is an object.
    return JSON.parse(textOfBytes(this.#data)) as Record<string, unknown>
  }

  with(extensions: Readonly<Record<string, unknown>>): SplicedAnswer {
    return new SplicedAnswer(this.#data, { ...this.extensions, ...extensions })
  }

  toJSON(): GraphQLAnswer {
    const { data, extensions } = this
    return extensions === undefined ? { data } : { data, extensions }
  }
}

/** The text that the parts are together. */
export function textOfBytes(parts: readonly Bytes[]): string {
  return Buffer.concat(parts.map(bufferOf)).toString()
}

export function bufferOf(part: Bytes): Buffer {
  return typeof part === 'string' ? Buffer.from(part, 'latin1') : part
}

/** The answer with more extensions. */
export function extended(
  answer: GraphQLAnswer,
  extensions: Readonly<Record<string, unknown>>,
): GraphQLAnswer {
  if (answer instanceof SplicedAnswer) return answer.with(extensions)
  return { ...answer, extensions: { ...answer.extensions, ...extensions } }
}
