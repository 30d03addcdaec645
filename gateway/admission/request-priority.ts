import type { Priority } from '../../dispatch/port.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { PreparedOperation } from '../engine.ts'

/** With the value `sheddable`, its sender asks to be refused first; nothing else can be asked for. Lower case. */
export const priorityHeader = 'x-priority'

/** What decides how important an operation is. */
export interface Ask {
  readonly operation: PreparedOperation
  /** The document. */
  readonly query: string
  /** The client asks to be refused first. */
  readonly sheddable: boolean
}

/** Does the client ask to be refused first? */
export function asksSheddable(headers: Readonly<Record<string, unknown>>): boolean {
  return headers[priorityHeader] === 'sheddable'
}

/**
 * How important operations are:
 * - `critical`: mutations, since a query that was refused costs a reload and a write that was refused costs work (sign-in
 *   is one); and operations named as essential.
 * - `sheddable`: what its client marked so; questions about the schema, which tools ask; and queries that come near to
 *   what one operation may cost.
 * - `default`: everything else.
 */
export class RequestPriority {
  readonly #essential: ReadonlySet<string>
  readonly #sheddableComplexity: number

  /**
   * @param essential Names of operations that are critical. Clients choose names: list them where clients are trusted.
   *   Throws BAD_OPTION.
   * @param sheddableComplexity From this complexity on, a query is sheddable.
   */
  constructor(essential: readonly string[], sheddableComplexity: number) {
    checkEssentialOperations(essential)
    this.#essential = new Set(essential)
    this.#sheddableComplexity = sheddableComplexity
  }

  of({ operation, query, sheddable }: Ask): Priority {
    if (sheddable) return 'sheddable'
    if (operation.kind === 'mutation') return 'critical'
    if (operation.name !== undefined && this.#essential.has(operation.name)) return 'critical'
    const heavy = operation.cost !== undefined && operation.cost.complexity >= this.#sheddableComplexity
    return heavy || query.includes('__schema') ? 'sheddable' : 'default'
  }

  /**
   * The most important that a request can turn out to be, told from its unparsed text: without the word there is no
   * mutation in it.
   */
  highest(text: string, sheddable: boolean): Priority {
    if (sheddable) return 'sheddable'
    if (text.includes('mutation')) return 'critical'
    for (const name of this.#essential) if (text.includes(name)) return 'critical'
    return 'default'
  }
}

/** Names are looked for one by one in the text of a request. */
const essentialMax = 100

/** Throws BAD_OPTION unless these can be names of operations, and not too many. */
export function checkEssentialOperations(essential: readonly string[]): void {
  if (essential.length > essentialMax) {
    throw new EnneadError(
      'BAD_OPTION',
      `admission.essentialOperations must have at most ${essentialMax} names, got ${essential.length}`,
    )
  }
  const wrong = essential.find(name => !/^[_A-Za-z][_0-9A-Za-z]*$/.test(name))
  if (wrong !== undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      `admission.essentialOperations must be names of operations, got ${JSON.stringify(wrong)}`,
    )
  }
}
