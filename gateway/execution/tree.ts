/** An object of the merged answer. Read and written only by `own` and `put`: its keys are chosen by clients. */
export type Tree = Record<string, unknown>

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object's own value; never something inherited, such as `constructor`. */
export function own(tree: Readonly<Tree>, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined
}

/** Sets an own value, also under the name `__proto__`, which assignment would not. */
export function put(tree: Tree, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true })
  } else tree[key] = value
}

/** Says whether a type name is that of an object type. */
export type IsObject = (name: string) => boolean

/**
 * Merges what a subgraph answered into the answer so far. Lists are merged item by item; what is there already and not
 * an object is replaced, except by null. `source` is left as it is, but the result may share parts of it.
 */
export function merge(target: Tree, source: Readonly<Tree>, isObject: IsObject): void {
  for (const key of Object.keys(source)) {
    const incoming = source[key]
    const present = own(target, key)
    if (key === '__typename') put(target, key, betterTypename(present, incoming, isObject))
    else put(target, key, merged(present, incoming, isObject))
  }
}

/** `incoming` merged into `present`. */
export function merged(present: unknown, incoming: unknown, isObject: IsObject): unknown {
  if (present === undefined || present === null) return incoming
  if (incoming === undefined || incoming === null) return present
  if (Array.isArray(present) && Array.isArray(incoming)) {
    const longest = Math.max(present.length, incoming.length)
    return Array.from({ length: longest }, (_, index) => merged(present[index], incoming[index], isObject))
  }
  if (isTree(present) && isTree(incoming)) {
    merge(present, incoming, isObject)
    return present
  }
  return incoming
}

/** A subgraph that knows an interface only as an @interfaceObject answers the interface's name; the object's is better. */
function betterTypename(present: unknown, incoming: unknown, isObject: IsObject): unknown {
  if (typeof incoming !== 'string') return present
  const worse = typeof present === 'string' && isObject(present) && !isObject(incoming)
  return worse ? present : incoming
}

/** A copy that shares nothing, for an entity that stands in several places of the answer. */
export function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (!isTree(value)) return value
  const result: Tree = {}
  for (const key of Object.keys(value)) put(result, key, copy(value[key]))
  return result
}
