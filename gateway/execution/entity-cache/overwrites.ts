import type { Tree } from '../tree.ts'
import { unknownType } from './fetch-rules.ts'
import { pathsOf, valuesAt } from './forgotten.ts'
import type { Forgotten } from './forgotten.ts'

/** What is known of an answer that is kept. */
export interface Answered {
  readonly subgraph: string
  /** Types of which objects may be in it, an entity's own included. */
  readonly types: readonly string[]
  /** Of an entity: those that may be below it. */
  readonly nested: readonly string[]
  /** Writes that had ended when it was asked for. */
  readonly writes: number
}

/** When entities of one type with keys of one form were forgotten, counted in writes. */
interface Keys {
  readonly subgraph: string | undefined
  readonly paths: readonly (readonly string[])[]
  readonly byValues: Map<string, number>
  newest: number
}

/** When objects of one type were written. */
interface OfType {
  at: number
  readonly bySubgraph: Map<string, number>
  keys: Keys[]
  keyCount: number
}

/** Keys of one type told apart at most; with one more, all of the type was written. */
const keysMax = 10_000

/** Which answers may not be true any more: writes are numbered, and each type and subgraph knows its last. */
export class Overwrites {
  readonly #subgraphs = new Map<string, number>()
  readonly #types = new Map<string, OfType>()
  #count = 0

  /** Writes that have ended. */
  get count(): number {
    return this.#count
  }

  /** A mutation has ended that may have written objects of these types, wherever they are kept, and anything of these subgraphs. */
  written(types: Iterable<string>, subgraphs: Iterable<string>): void {
    this.#count++
    for (const name of [...types, unknownType]) this.#type(name).at = this.#count
    for (const name of subgraphs) this.#subgraphs.set(name, this.#count)
  }

  forget({ subgraph, types, key }: Forgotten): void {
    this.#count++
    if (types.length === 0 && subgraph !== undefined) this.#subgraphs.set(subgraph, this.#count)
    for (const name of types) {
      const type = this.#type(name)
      if (key !== undefined && name !== unknownType && type.keyCount < keysMax) this.#key(type, key, subgraph)
      else if (subgraph !== undefined && type.keyCount < keysMax) type.bySubgraph.set(subgraph, this.#count)
      else {
        type.at = this.#count
        type.keys = []
        type.keyCount = 0
      }
    }
  }

  /**
   * May what was answered have changed since?
   * @param entity The representation it was asked with. Undefined: it is the answer of root fields.
   */
  concern(answered: Answered, entity: Tree | undefined): boolean {
    const { writes, subgraph, types } = answered
    if (writes === this.#count) return false
    if ((this.#subgraphs.get(subgraph) ?? 0) > writes) return true
    return types.some(name => {
      const type = this.#types.get(name)
      if (type === undefined) return false
      if (type.at > writes || (type.bySubgraph.get(subgraph) ?? 0) > writes) return true
      return type.keys.some(
        keys =>
          keys.newest > writes &&
          (keys.subgraph === undefined || keys.subgraph === subgraph) &&
          mayHave(keys, name, answered, entity),
      )
    })
  }

  #type(name: string): OfType {
    let type = this.#types.get(name)
    if (type === undefined) {
      type = { at: 0, bySubgraph: new Map(), keys: [], keyCount: 0 }
      this.#types.set(name, type)
    }
    return type
  }

  #key(type: OfType, key: Tree, subgraph: string | undefined): void {
    const paths = pathsOf(key)
    const form = JSON.stringify(paths)
    let keys = type.keys.find(each => each.subgraph === subgraph && JSON.stringify(each.paths) === form)
    if (keys === undefined) {
      keys = { subgraph, paths, byValues: new Map(), newest: 0 }
      type.keys.push(keys)
    }
    const values = valuesAt(key, paths) ?? ''
    if (!keys.byValues.has(values)) type.keyCount++
    keys.byValues.set(values, this.#count)
    keys.newest = this.#count
  }
}

/** Of lists and of what stands below an entity nobody knows which entities they are. */
function mayHave(keys: Keys, type: string, { nested, writes }: Answered, entity: Tree | undefined): boolean {
  if (entity === undefined || nested.includes(type)) return true
  const values = valuesAt(entity, keys.paths)
  return values === undefined || (keys.byValues.get(values) ?? 0) > writes
}
