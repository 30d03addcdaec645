import { Kind } from 'graphql'
import type {
  ASTNode,
  DocumentNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  SchemaDefinitionNode,
  SchemaExtensionNode,
  TypeDefinitionNode,
} from 'graphql'

/** The definitions of one subgraph by schema coordinate: `T`, `T.field`, `T.field(arg:)`, `E.VALUE`, `@directive`. */
export class SchemaIndex {
  readonly #nodes = new Map<string, ASTNode>()
  readonly #links = new Map<string, ASTNode>()
  readonly #first: ASTNode | undefined

  constructor(document: DocumentNode) {
    this.#first = document.definitions[0]
    for (const definition of document.definitions) {
      if (definition.kind === Kind.DIRECTIVE_DEFINITION) {
        this.#add(`@${definition.name.value}`, definition)
        this.#addArguments(`@${definition.name.value}`, definition.arguments)
      } else if ('name' in definition && definition.name !== undefined && isTypeLike(definition.kind)) {
        this.#add(definition.name.value, definition)
        // Every kind of definition and extension of a type has one of these or neither.
        this.#addMembers(definition.name.value, definition as TypeDefinitionNode)
      }
    }
    this.#addSchema(document)
  }

  /** The definition, or the first extension where there is no definition. */
  find(coordinate: string): ASTNode | undefined {
    return this.#nodes.get(coordinate)
  }

  /** The @link of this schema to a specification. */
  link(url: string): ASTNode | undefined {
    return this.#links.get(url)
  }

  /** Something to point at when a message is about the schema as a whole. */
  first(): ASTNode | undefined {
    return this.#first
  }

  /** Names of all types declared here. */
  types(): readonly string[] {
    return [...this.#nodes.keys()].filter(coordinate => /^\w+$/.test(coordinate))
  }

  /** Names of all directives declared here, with their @. */
  directives(): readonly string[] {
    return [...this.#nodes.keys()].filter(coordinate => /^@\w+$/.test(coordinate))
  }

  /** Names of all fields, input fields or values declared for `type` here. */
  members(type: string): readonly string[] {
    const prefix = `${type}.`
    return [...this.#nodes.keys()]
      .filter(coordinate => coordinate.startsWith(prefix) && !coordinate.includes('('))
      .map(coordinate => coordinate.slice(prefix.length))
  }

  #add(coordinate: string, node: ASTNode): void {
    const known = this.#nodes.get(coordinate)
    if (known === undefined || (known.kind.endsWith('Extension') && !node.kind.endsWith('Extension'))) {
      this.#nodes.set(coordinate, node)
    }
  }

  #addMembers(type: string, definition: TypeDefinitionNode): void {
    const fields: readonly (FieldDefinitionNode | InputValueDefinitionNode)[] =
      'fields' in definition ? (definition.fields ?? []) : []
    for (const field of fields) {
      this.#add(`${type}.${field.name.value}`, field)
      if (field.kind === Kind.FIELD_DEFINITION)
        this.#addArguments(`${type}.${field.name.value}`, field.arguments)
    }
    const values = 'values' in definition ? (definition.values ?? []) : []
    for (const value of values) this.#add(`${type}.${value.name.value}`, value)
  }

  #addArguments(owner: string, given: readonly InputValueDefinitionNode[] | undefined): void {
    for (const argument of given ?? []) this.#add(`${owner}(${argument.name.value}:)`, argument)
  }

  #addLinks(definition: SchemaDefinitionNode | SchemaExtensionNode): void {
    for (const directive of definition.directives ?? []) {
      const url = directive.arguments?.find(argument => argument.name.value === 'url')?.value
      if (directive.name.value === 'link' && url?.kind === Kind.STRING) this.#links.set(url.value, directive)
    }
  }

  /** Composition speaks of `Query` whatever a subgraph calls its root type. */
  #addSchema(document: DocumentNode): void {
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue
      this.#addLinks(definition)
      for (const root of definition.operationTypes ?? []) {
        const common = `${root.operation.charAt(0).toUpperCase()}${root.operation.slice(1)}`
        const own = root.type.name.value
        for (const [coordinate, node] of Array.from(this.#nodes)) {
          if (coordinate === own || coordinate.startsWith(`${own}.`)) {
            this.#add(`${common}${coordinate.slice(own.length)}`, node)
          }
        }
      }
    }
  }
}

function isTypeLike(kind: string): boolean {
  return /^(?:Object|Interface|Union|Enum|Scalar|InputObject)Type(?:Definition|Extension)$/.test(kind)
}
