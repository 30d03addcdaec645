import { Kind, parse, print, Source } from 'graphql'
import type {
  ASTNode,
  ConstDirectiveNode,
  DefinitionNode,
  EnumValueDefinitionNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  Location,
} from 'graphql'
import type { SourceLocation } from '../../composition/diagnostic.ts'
import type { SchemaSource } from './schema-source.ts'

interface Declaration {
  /** What counts when two versions are compared: everything but descriptions, and but the parts that have places of their own. */
  readonly meaning: string
  readonly node: ASTNode
}

type Member = FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode

/** Where one schema text declares what, by coordinate. */
export class Declarations {
  readonly source: SchemaSource
  readonly #all = new Map<string, Declaration[]>()

  /** The text must be GraphQL: schemas that compose are. */
  constructor(source: SchemaSource) {
    this.source = source
    for (const definition of parse(new Source(source.sdl, source.file)).definitions) this.#define(definition)
  }

  /** Undefined: it is not declared here. */
  meaningOf(coordinate: string): string | undefined {
    const found = this.#all.get(coordinate)
    return found?.map(({ meaning }) => meaning).join('\n')
  }

  placeOf(coordinate: string): SourceLocation | undefined {
    const node = this.#all.get(coordinate)?.[0]?.node
    if (node?.loc === undefined || this.source.derived) return undefined
    const { subgraph, file, sdl } = this.source
    const [start, end] = stretchOf(node, node.loc)
    return { subgraph, file, ...start, endLine: end.line, endColumn: end.column, text: sdl }
  }

  #define(definition: DefinitionNode): void {
    if (definition.kind === Kind.DIRECTIVE_DEFINITION) {
      const at = `@${definition.name.value}`
      this.#add(at, definition, `${String(definition.repeatable)} ${namesOf(definition.locations)}`)
      for (const argument of definition.arguments ?? [])
        this.#input(`${at}(${argument.name.value}:)`, argument)
      return
    }
    if (!('name' in definition) || definition.name === undefined) return
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION) return
    const type = definition.name.value
    const interfaces = 'interfaces' in definition ? (definition.interfaces ?? []) : []
    const members = 'types' in definition ? (definition.types ?? []) : []
    const directives = directivesOf(definition.directives)
    this.#add(type, definition, [definition.kind.slice(0, 6), directives].join(' '))
    for (const named of interfaces) this.#add(`${type} implements ${named.name.value}`, named, 'implements')
    for (const named of members) this.#add(`${type}.${named.name.value}`, named, 'member')
    if ('fields' in definition) for (const field of definition.fields ?? []) this.#member(type, field)
    if ('values' in definition) for (const value of definition.values ?? []) this.#member(type, value)
  }

  #member(type: string, member: Member): void {
    const at = `${type}.${member.name.value}`
    if (member.kind === Kind.INPUT_VALUE_DEFINITION) return this.#input(at, member)
    if (member.kind === Kind.ENUM_VALUE_DEFINITION)
      return this.#add(at, member, directivesOf(member.directives))
    this.#add(at, member, `${print(member.type)} ${directivesOf(member.directives)}`)
    for (const argument of member.arguments ?? []) this.#input(`${at}(${argument.name.value}:)`, argument)
    return undefined
  }

  #input(at: string, input: InputValueDefinitionNode): void {
    const fallback = input.defaultValue === undefined ? '' : print(input.defaultValue)
    this.#add(at, input, `${print(input.type)} ${fallback} ${directivesOf(input.directives)}`)
  }

  #add(coordinate: string, node: ASTNode, meaning: string): void {
    const found = this.#all.get(coordinate)
    if (found === undefined) this.#all.set(coordinate, [{ node, meaning }])
    else found.push({ node, meaning })
  }
}

function namesOf(names: readonly { readonly value: string }[]): string {
  return names
    .map(({ value }) => value)
    .sort()
    .join(' ')
}

/** Those that change what clients see; the rest are the subgraph's own affair. */
const visible = new Set(['deprecated', 'inaccessible', 'specifiedBy', 'oneOf', 'tag'])

function directivesOf(directives: readonly ConstDirectiveNode[] | undefined): string {
  const shown = (directives ?? []).filter(({ name }) => visible.has(name.value.replace(/^federation__/, '')))
  return shown.map(print).sort().join(' ')
}

interface Point {
  readonly line: number
  readonly column: number
}

/** A member is shown whole but without its description; a definition by its head, up to the name. */
function stretchOf(node: ASTNode, whole: Location): readonly [Point, Point] {
  const named = 'name' in node && node.name?.loc !== undefined ? node.name.loc : whole
  const member =
    node.kind === Kind.FIELD_DEFINITION ||
    node.kind === Kind.INPUT_VALUE_DEFINITION ||
    node.kind === Kind.ENUM_VALUE_DEFINITION
  if (!member) return [pointOf(named.startToken), endOf(named.endToken)]
  return [pointOf(named.startToken), endOf(whole.endToken)]
}

type Token = Location['startToken']

function pointOf({ line, column }: Token): Point {
  return { line, column }
}

function endOf({ line, column, start, end }: Token): Point {
  return { line, column: column + end - start }
}
