import type { GraphQLAnswer } from '../../engine.ts'

/**
 * An answer whose data was cut out of the bytes of subgraphs and never parsed. Whoever looks at `data` has it parsed then;
 * a door that only writes it takes `bytes`.
 */
export class SplicedAnswer implements GraphQLAnswer {
  /** The data as JSON: UTF-8 bytes in latin1. */
  readonly #data: string
  readonly extensions?: Readonly<Record<string, unknown>>

  constructor(data: string, extensions?: Readonly<Record<string, unknown>>) {
    this.#data = data
    if (extensions !== undefined) this.extensions = extensions
  }

  /** The whole answer as JSON: UTF-8 bytes in latin1, so that its length is the number of its bytes. */
  get bytes(): string {
    const { extensions } = this
    if (extensions === undefined) return `{"data":${this.#data}}`
    const rest = Buffer.from(JSON.stringify(extensions)).toString('latin1')
    return `{"data":${this.#data},"extensions":${rest}}`
  }

  get data(): Readonly<Record<string, unknown>> {
    // The data of a query's answer is an object.
    return JSON.parse(Buffer.from(this.#data, 'latin1').toString()) as Record<string, unknown>
  }

  with(extensions: Readonly<Record<string, unknown>>): SplicedAnswer {
    return new SplicedAnswer(this.#data, { ...this.extensions, ...extensions })
  }

  toJSON(): GraphQLAnswer {
    const { data, extensions } = this
    return extensions === undefined ? { data } : { data, extensions }
  }
}

/** The answer with more extensions. */
export function extended(
  answer: GraphQLAnswer,
  extensions: Readonly<Record<string, unknown>>,
): GraphQLAnswer {
  if (answer instanceof SplicedAnswer) return answer.with(extensions)
  return { ...answer, extensions: { ...answer.extensions, ...extensions } }
}
