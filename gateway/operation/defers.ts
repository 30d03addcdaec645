import { getDirectiveValues, GraphQLError, Kind, OperationTypeNode, visit } from 'graphql'
import type {
  DirectiveNode,
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLDirective,
  InlineFragmentNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import type { VariableValues } from './variables.ts'

/** What of a document matters here. */
interface ParsedDocument {
  readonly node: DocumentNode
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

/** What of a document is deferred for one request. */
export interface Defers {
  /** Documents with equal keys defer the same; empty: nothing. */
  readonly key: string
  readonly applies: (directive: DirectiveNode) => boolean
}

const none: Defers = { key: '', applies: () => false }

/** A document in which each fragment that is deferred has a label of its own, and no other has any. */
export interface LabelledDocument {
  readonly node: DocumentNode
  /** What the client calls each label; undefined: it has given it no name. */
  readonly labels: ReadonlyMap<string, string | undefined>
}

export function hasDefers(node: DocumentNode): boolean {
  let found = false
  visit(node, { Directive: directive => void (found ||= isDefer(directive)) })
  return found
}

/** Which of the document's @defer apply with these variables. Nobody waits for a part of a subscription's event. */
export function decideDefers(
  { node }: Pick<ParsedDocument, 'node'>,
  kind: OperationTypeNode,
  variables: VariableValues,
  directive: GraphQLDirective | null | undefined,
): Defers {
  if (kind === OperationTypeNode.SUBSCRIPTION || !directive) return none
  const active = new Set<DirectiveNode>()
  let key = ''
  visit(node, {
    Directive(given) {
      if (!isDefer(given)) return
      const applies = getDirectiveValues(directive, { directives: [given] }, variables)?.['if'] !== false
      if (applies) active.add(given)
      key += applies ? '1' : '0'
    },
  })
  return active.size === 0 ? none : { key, applies: given => active.has(given) }
}

/**
 * The document with its fragments expanded, so that a fragment that is deferred in several places is several, and with labels
 * instead of the client's. Its expansion was bounded with the document's weight.
 */
export function labelled({ node, fragments }: ParsedDocument, { applies }: Defers): LabelledDocument {
  const labels = new Map<string, string | undefined>()
  const directives = (given: readonly DirectiveNode[] = []): readonly DirectiveNode[] =>
    given.flatMap(each => {
      if (!isDefer(each)) return [each]
      if (!applies(each)) return []
      const label = `_d${labels.size}`
      labels.set(label, labelOf(each))
      return [deferAs(label)]
    })
  const expand = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: set.selections.flatMap((selection): readonly SelectionNode[] => {
      if (selection.kind === Kind.FIELD) {
        const { selectionSet } = selection
        return [selectionSet === undefined ? selection : { ...selection, selectionSet: expand(selectionSet) }]
      }
      const own = directives(selection.directives)
      // Validation has seen that it is there.
      const inner =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection
          : (fragments.get(selection.name.value) as FragmentDefinitionNode)
      const { typeCondition, selectionSet } = inner
      const fragment: InlineFragmentNode = {
        kind: Kind.INLINE_FRAGMENT,
        ...(typeCondition === undefined ? {} : { typeCondition }),
        directives: own,
        selectionSet: expand(selectionSet),
      }
      return own.some(isDefer) ? [...typenameOf(fragment), fragment] : [fragment]
    }),
  })
  const operations = node.definitions.filter(each => each.kind === Kind.OPERATION_DEFINITION)
  const definitions = operations.map(each => ({ ...each, selectionSet: expand(each.selectionSet) }))
  return { node: { ...node, definitions }, labels }
}

/**
 * What a deferred fragment asks for of the type, to be asked for beside it as well: Apollo's planner does not
 * find out what an @interfaceObject stands for where only a deferred part asks.
 */
function typenameOf(fragment: InlineFragmentNode): readonly InlineFragmentNode[] {
  const asked = fragment.selectionSet.selections.filter(
    each => each.kind === Kind.FIELD && each.name.value === '__typename',
  )
  if (asked.length === 0) return []
  const directives = (fragment.directives ?? []).filter(directive => !isDefer(directive))
  return [{ ...fragment, directives, selectionSet: { kind: Kind.SELECTION_SET, selections: asked } }]
}

/** The document without any @defer. */
export function withoutDefers(node: DocumentNode): DocumentNode {
  return visit(node, { Directive: directive => (isDefer(directive) ? null : undefined) })
}

/** The label that `labelled` has given a fragment; undefined: it is not deferred. */
export function deferLabelOf({ directives = [] }: SelectionNode): string | undefined {
  const found = directives.find(isDefer)
  return found && labelOf(found)
}

/** What is wrong with the document's @defer, which graphql-js 16 does not look at. */
export function deferErrors({ node, fragments }: ParsedDocument): readonly GraphQLError[] {
  const errors: GraphQLError[] = []
  const labels = new Set<string>()
  visit(node, {
    Directive(directive) {
      if (!isDefer(directive)) return
      const label = directive.arguments?.find(({ name }) => name.value === 'label')?.value
      const fault =
        label?.kind === Kind.VARIABLE
          ? 'the label of a @defer must be written into the document, not given by a variable'
          : label?.kind === Kind.STRING && labels.has(label.value)
            ? `two @defer have the label "${label.value}"`
            : undefined
      if (label?.kind === Kind.STRING) labels.add(label.value)
      if (fault !== undefined) errors.push(new GraphQLError(fault, { nodes: directive }))
    },
  })
  const seen = new Set<string>()
  const look = (set: SelectionSetNode, kind: string): void => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) continue
      if (selection.directives?.some(isDefer) === true) {
        const message = `@defer may not stand around the root fields of a ${kind}`
        errors.push(new GraphQLError(message, { nodes: selection }))
      }
      const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined
      if (name !== undefined && seen.has(name)) continue
      if (name !== undefined) seen.add(name)
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
      if (inner !== undefined) look(inner.selectionSet, kind)
    }
  }
  for (const each of node.definitions) {
    const isOperation = each.kind === Kind.OPERATION_DEFINITION
    if (isOperation && each.operation !== OperationTypeNode.QUERY) look(each.selectionSet, each.operation)
  }
  return errors
}

function isDefer({ name }: DirectiveNode): boolean {
  return name.value === 'defer'
}

function labelOf(directive: DirectiveNode): string | undefined {
  const label = directive.arguments?.find(({ name }) => name.value === 'label')?.value
  return label?.kind === Kind.STRING ? label.value : undefined
}

function deferAs(label: string): DirectiveNode {
  const name = { kind: Kind.NAME, value: 'label' } as const
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: 'defer' },
    arguments: [{ kind: Kind.ARGUMENT, name, value: { kind: Kind.STRING, value: label } }],
  }
}
