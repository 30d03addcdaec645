import { Kind, parse, print } from 'graphql'
import type {
  ConstDirectiveNode,
  DefinitionNode,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
} from 'graphql'
import { argumentText } from './graph-names.ts'

/**
 * The supergraph as if no subgraph provided fields that it does not answer everywhere: a plan on it is never wrong about where they
 * are provided, and may need a fetch more.
 */
export function withoutProvides(sdl: string): string {
  const document = parse(sdl, { noLocation: true })
  const used = new Map<string, Set<string>>()
  const use = (type: string, graph: string, selection: string): void => {
    const names = used.get(`${type} ${graph}`) ?? new Set()
    for (const [name] of selection.matchAll(/\w+/g)) names.add(name)
    used.set(`${type} ${graph}`, names)
  }
  for (const definition of document.definitions) {
    if (!isFields(definition)) continue
    const type = definition.name.value
    for (const join of definition.directives ?? []) {
      const key = argumentText(join, 'key') ?? ''
      use(type, graphOf(join), key)
      // What is nested is of another type.
      use(anyType, graphOf(join), /\{.*/s.exec(key)?.[0] ?? '')
    }
    for (const join of (definition.fields ?? []).flatMap(({ directives = [] }) => directives)) {
      use(anyType, graphOf(join), argumentText(join, 'requires') ?? '')
    }
  }
  const stripped = document.definitions.map(definition => {
    if (!isFields(definition)) return definition
    const type = definition.name.value
    const fields = (definition.fields ?? []).map(field => {
      const directives = (field.directives ?? []).flatMap(join => {
        if (join.name.value !== 'join__field') return join
        const given = (join.arguments ?? []).filter(({ name }) => name.value !== 'provides')
        const isExternal = given.some(({ name }) => name.value === 'external')
        const isUsed = [type, anyType].some(each =>
          used.get(`${each} ${graphOf(join)}`)?.has(field.name.value),
        )
        // An external field that nothing uses is refused.
        return isExternal && !isUsed ? [] : { ...join, arguments: given }
      })
      return { ...field, directives }
    })
    return { ...definition, fields }
  })
  return print({ ...document, definitions: stripped })
}

/** Stands for every type. */
const anyType = ''

function isFields(
  definition: DefinitionNode,
): definition is ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION
}

function graphOf(join: ConstDirectiveNode): string {
  return argumentText(join, 'graph') ?? ''
}
