import { Kind, parse, print } from 'graphql'
import type {
  ConstDirectiveNode,
  DefinitionNode,
  DocumentNode,
  InterfaceTypeDefinitionNode,
  ObjectTypeDefinitionNode,
  SelectionSetNode,
  TypeNode,
} from 'graphql'
import { argumentText, selectionOf } from './graph-names.ts'

type FieldsDefinition = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode

/**
 * The supergraph as if no subgraph provided fields that it does not answer everywhere: a plan on it is never wrong about where they
 * are provided, and may need a fetch more.
 */
export function withoutProvides(sdl: string): string {
  const document = parse(sdl, { noLocation: true })
  const used = new UsedFields(document)
  const stripped = document.definitions.map(definition => {
    if (!isFields(definition)) return definition
    const fields = (definition.fields ?? []).map(field => {
      const directives = (field.directives ?? []).flatMap(join => {
        if (join.name.value !== 'join__field') return join
        const given = (join.arguments ?? []).filter(({ name }) => name.value !== 'provides')
        const isExternal = given.some(({ name }) => name.value === 'external')
        // An external field that nothing uses is refused.
        return isExternal && !used.has(definition, field.name.value, graphOf(join))
          ? []
          : { ...join, arguments: given }
      })
      return { ...field, directives }
    })
    return { ...definition, fields }
  })
  return print({ ...document, definitions: stripped })
}

/** Fields that keys, @requires and interfaces of a subgraph need there. */
class UsedFields {
  readonly #types = new Map<string, FieldsDefinition>()
  /** Object types of each interface, in any subgraph. */
  readonly #members = new Map<string, string[]>()
  readonly #used = new Set<string>()

  constructor({ definitions }: DocumentNode) {
    for (const definition of definitions.filter(isFields)) {
      this.#types.set(definition.name.value, definition)
      for (const { name } of definition.interfaces ?? []) {
        this.#members.set(name.value, [...(this.#members.get(name.value) ?? []), definition.name.value])
      }
    }
    for (const [type, { directives = [], fields = [] }] of this.#types) {
      for (const join of directives) this.#useAll(type, graphOf(join), argumentText(join, 'key'))
      for (const join of fields.flatMap(field => field.directives ?? [])) {
        this.#useAll(type, graphOf(join), argumentText(join, 'requires'))
        for (const { context, selection } of contextArguments(join)) {
          for (const around of this.#withContext(context)) this.#useAll(around, graphOf(join), selection)
        }
      }
    }
  }

  has({ name, directives = [] }: FieldsDefinition, field: string, graph: string): boolean {
    if (this.#used.has(`${graph} ${name.value}.${field}`)) return true
    return directives.some(
      join =>
        join.name.value === 'join__implements' &&
        graphOf(join) === graph &&
        this.#declares(argumentText(join, 'interface') ?? '', field, graph),
    )
  }

  #withContext(context: string): readonly string[] {
    const has = ({ directives = [] }: FieldsDefinition): boolean =>
      directives.some(each => each.name.value === 'context' && argumentText(each, 'name') === context)
    return [...this.#types.values()].filter(has).map(({ name }) => name.value)
  }

  #declares(type: string, field: string, graph: string): boolean {
    const found = this.#types.get(type)?.fields?.find(({ name }) => name.value === field)
    const joins = found?.directives?.filter(({ name }) => name.value === 'join__field') ?? []
    // One that says nothing stands in every subgraph of its type.
    return found !== undefined && (joins.length === 0 || joins.some(join => graphOf(join) === graph))
  }

  #useAll(type: string, graph: string, selection: string | undefined): void {
    if (selection !== undefined) this.#use(type, graph, selectionOf(selection))
  }

  #use(type: string, graph: string, set: SelectionSetNode): void {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#use(selection.typeCondition?.name.value ?? type, graph, selection.selectionSet)
        continue
      }
      const name = selection.name.value
      for (const each of [type, ...(this.#members.get(type) ?? [])])
        this.#used.add(`${graph} ${each}.${name}`)
      const field = this.#types.get(type)?.fields?.find(each => each.name.value === name)
      if (field !== undefined && selection.selectionSet !== undefined) {
        this.#use(namedType(field.type), graph, selection.selectionSet)
      }
    }
  }
}

/** What arguments of a field take from around: the context's name, and the selection without its braces. */
function contextArguments({ arguments: given = [] }: ConstDirectiveNode) {
  const list = given.find(({ name }) => name.value === 'contextArguments')?.value
  const objects = list?.kind === Kind.LIST ? list.values.filter(each => each.kind === Kind.OBJECT) : []
  return objects.map(({ fields }) => {
    const text = (wanted: string): string => {
      const value = fields.find(({ name }) => name.value === wanted)?.value
      return value?.kind === Kind.STRING ? value.value.trim() : ''
    }
    return { context: text('context'), selection: text('selection').replace(/^\{(.*)\}$/s, '$1') }
  })
}

function isFields(definition: DefinitionNode): definition is FieldsDefinition {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION
}

function graphOf(join: ConstDirectiveNode): string {
  return argumentText(join, 'graph') ?? ''
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type)
}
