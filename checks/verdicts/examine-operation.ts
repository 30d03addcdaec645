import {
  getNamedType,
  isAbstractType,
  isInputType,
  Kind,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type {
  FieldNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  VariableDefinitionNode,
} from 'graphql'
import { kindOfType } from '../changes/changes-between.ts'
import { outputRelation } from '../changes/type-relations.ts'
import type { RecordedOperation } from '../operations/recorded-operation.ts'
import { AnswerAdditions, tellsTypesApart } from './answer-additions.ts'
import { examineArguments } from './argument-use.ts'
import { examineDirectives } from './directive-use.ts'
import type { Finding, Found } from './finding.ts'
import { examineFragments } from './fragment-use.ts'
import { GivenValues } from './given-values.ts'
import { VariableValues } from './variable-values.ts'

/** What all changes between two schemas do to operations, one operation at a time. */
export class OperationExaminer {
  readonly #base: GraphQLSchema
  readonly #next: GraphQLSchema
  readonly #additions: AnswerAdditions
  readonly #values: VariableValues

  constructor(base: GraphQLSchema, next: GraphQLSchema) {
    this.#base = base
    this.#next = next
    this.#additions = new AnswerAdditions(base, next)
    this.#values = new VariableValues(base, next)
  }

  /** Everything found, each once. The operation must be valid on the base schema. */
  examine({ document }: RecordedOperation): readonly Finding[] {
    const findings = new Map<string, Finding>()
    const found: Found = finding => findings.set(JSON.stringify(finding), finding)
    const variables = new Map<string, VariableDefinitionNode>()
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue
      for (const variable of definition.variableDefinitions ?? [])
        variables.set(variable.variable.name.value, variable)
    }
    const given = new GivenValues(this.#next, variables, found)
    const info = new TypeInfo(this.#base)
    const visitor = {
      OperationDefinition: (node: OperationDefinitionNode) => {
        this.#operation(node, found)
      },
      VariableDefinition: (node: VariableDefinitionNode) => {
        this.#variable(node, found)
      },
      Field: (node: FieldNode) => {
        const field = info.getFieldDef()
        const parent = info.getParentType()
        if (field && parent && !field.name.startsWith('__'))
          this.#field(node, field, parent, { document, given, found })
      },
    }
    visit(document, visitWithTypeInfo(info, visitor))
    examineFragments(document, this.#base, this.#next, found)
    examineDirectives(document, this.#base, this.#next, given, found)
    return [...findings.values()]
  }

  #operation({ operation }: OperationDefinitionNode, found: Found): void {
    const [from, to] = [this.#base.getRootType(operation)?.name, this.#next.getRootType(operation)?.name]
    if (from === to) return
    const kind = to === undefined ? 'ROOT_TYPE_REMOVED' : 'ROOT_TYPE_CHANGED'
    found({ kind, coordinate: operation, level: 'breaking', how: `is a ${operation}` })
  }

  /** Its default needs no look of its own: it is one of the values that the type allows. */
  #variable({ variable, type }: VariableDefinitionNode, found: Found): void {
    const text = print(type)
    const name = text.replaceAll(/[[\]!]/g, '')
    const how = `declares $${variable.name.value}: ${text}`
    const now = this.#next.getType(name)
    if (now === undefined) found({ kind: 'TYPE_REMOVED', coordinate: name, level: 'breaking', how })
    else if (!isInputType(now)) found({ kind: 'TYPE_KIND_CHANGED', coordinate: name, level: 'breaking', how })
    for (const { what, ...finding } of this.#values.of(name))
      found({ ...finding, how: `passes $${variable.name.value}, which ${what}` })
  }

  #field(
    node: FieldNode,
    field: GraphQLField<unknown, unknown>,
    parent: GraphQLNamedType,
    { document, given, found }: Surroundings,
  ): void {
    const coordinate = `${parent.name}.${field.name}`
    const how = `selects ${coordinate}`
    const owner = this.#next.getType(parent.name)
    if (owner === undefined)
      return found({ kind: 'TYPE_REMOVED', coordinate: parent.name, level: 'breaking', how })
    if (kindOfType(owner) !== kindOfType(parent))
      return found({ kind: 'TYPE_KIND_CHANGED', coordinate: parent.name, level: 'breaking', how })
    const now = 'getFields' in owner ? owner.getFields()[field.name] : undefined
    // Of the same kind as before, so its fields are those of an object or interface.
    const after = now as GraphQLField<unknown, unknown> | undefined
    if (after === undefined) return found({ kind: 'FIELD_REMOVED', coordinate, level: 'breaking', how })
    this.#answer(node, coordinate, field, after, { document, given, found })
    examineArguments(
      coordinate,
      { before: field.args, after: after.args },
      node.arguments ?? [],
      { given, found },
      how,
    )
    return undefined
  }

  #answer(
    node: FieldNode,
    coordinate: string,
    field: GraphQLField<unknown, unknown>,
    after: GraphQLField<unknown, unknown>,
    { document, found }: Surroundings,
  ): void {
    const how = `selects ${coordinate}`
    const relation = outputRelation(field.type, after.type, this.#next)
    if (relation !== 'same' && relation !== 'narrower') {
      const level = relation === 'alike' ? 'dangerous' : 'breaking'
      found({ kind: 'FIELD_TYPE_CHANGED', coordinate, level, how })
    }
    const type = getNamedType(field.type)
    if (type.name !== getNamedType(after.type).name) return
    const now = this.#next.getType(type.name)
    if (now !== undefined && kindOfType(now) !== kindOfType(type))
      found({ kind: 'TYPE_KIND_CHANGED', coordinate: type.name, level: 'breaking', how })
    const shows =
      !isAbstractType(type) ||
      (node.selectionSet !== undefined && tellsTypesApart(node.selectionSet, type.name, document))
    if (!shows) return
    for (const addition of this.#additions.of(type.name)) found({ ...addition, level: 'dangerous', how })
  }
}

interface Surroundings {
  readonly document: RecordedOperation['document']
  readonly given: GivenValues
  readonly found: Found
}
