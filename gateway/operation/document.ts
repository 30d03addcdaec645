import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  ValuesOfCorrectTypeRule,
} from 'graphql'
import type {
  ASTVisitor,
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
  ValidationContext,
} from 'graphql'
import { deferErrors, hasDefers } from './defers.ts'
import type { ResolvedLimits } from './limits.ts'
import { nestingOf } from './nesting.ts'
import { refused, refusedBy } from './refusal.ts'
import { overweight } from './weight.ts'

/** A document that fits the limits, and the schema once `requireValid` has seen it. */
export interface ValidDocument {
  readonly node: DocumentNode
  readonly operations: readonly OperationDefinitionNode[]
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** It has a @defer somewhere. */
  readonly defers: boolean
}

export interface DocumentRules {
  readonly limits: ResolvedLimits
  /** May clients ask for the schema? */
  readonly introspection: boolean
}

/** Nesting of any brackets that a parser is trusted with; input values may nest deeper than fields. */
const nestingMax = 200

/** Errors that validation collects before it stops; as many as a refusal shows. */
const validationErrorsMax = 10

/**
 * Parses, and refuses what is cheap to refuse, so that validation only sees documents whose expansion is bounded. Throws
 * RequestRefused with LIMIT_*, GRAPHQL_PARSE_FAILED or GRAPHQL_VALIDATION_FAILED. What it answers must still be validated.
 */
export function readDocument(text: string, limits: ResolvedLimits): ValidDocument {
  const nesting = Math.max(nestingMax, limits.depthMax * 2)
  if (nestingOf(text, nesting) > nesting) {
    throw refused('LIMIT_DEPTH', `the operation nests deeper than ${limits.depthMax} levels`, {
      limit: limits.depthMax,
    })
  }
  const node = parsed(text, limits.tokensMax)
  const heavy = overweight(node, limits)
  if (heavy !== undefined) throw refused(heavy.code, heavy.message, heavy.facts)
  const document = indexed(node)
  for (const operation of document.operations) refuseConditionalSubscription(operation, document)
  return document
}

function parsed(text: string, tokensMax: number): DocumentNode {
  try {
    return parse(text, { maxTokens: tokensMax })
  } catch (failure) {
    if (!(failure instanceof GraphQLError)) throw failure
    if (
      failure.message.includes(`more that ${tokensMax} tokens`) ||
      failure.message.includes(`more than ${tokensMax} tokens`)
    ) {
      throw refused('LIMIT_TOKENS', `the document has more than ${tokensMax} tokens`, { limit: tokensMax })
    }
    throw refusedBy('GRAPHQL_PARSE_FAILED', [failure])
  }
}

function indexed(node: DocumentNode): ValidDocument {
  const operations: OperationDefinitionNode[] = []
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of node.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition)
    else if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  return { node, operations, fragments, defers: hasDefers(node) }
}

/** Throws RequestRefused with GRAPHQL_VALIDATION_FAILED or BAD_USER_INPUT when a document does not fit the schema. */
export function requireValid(document: ValidDocument, schema: GraphQLSchema, rules: DocumentRules): void {
  const all = rules.introspection ? rulesUsed : [...rulesUsed, NoSchemaIntrospectionCustomRule]
  const found = validate(schema, document.node, all, {
    maxErrors: validationErrorsMax,
    // A suggestion names parts of a schema that introspection is not allowed to show.
    hideSuggestions: !rules.introspection,
  })
  const errors = found.length === 0 && document.defers ? deferErrors(document) : found
  if (errors.length === 0) return
  const values = errors.every(error => badValues.has(error))
  throw refusedBy(values ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED', errors)
}

/** Errors about values written into the document: the same fault as a bad variable, and coded like one. */
const badValues = new WeakSet<GraphQLError>()

function valuesOfCorrectType(context: ValidationContext): ASTVisitor {
  // Its errors do not say which rule they are from.
  const noting: ValidationContext = Object.create(context, {
    reportError: {
      value(error: GraphQLError) {
        badValues.add(error)
        context.reportError(error)
      },
    },
  }) as ValidationContext
  return ValuesOfCorrectTypeRule(noting)
}

const rulesUsed = specifiedRules.map(rule => (rule === ValuesOfCorrectTypeRule ? valuesOfCorrectType : rule))

/** The specification forbids it, and graphql-js's own check of it throws when the condition is a variable. */
function refuseConditionalSubscription(operation: OperationDefinitionNode, document: ValidDocument): void {
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return
  const seen = new Set<string>()
  const look = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      const condition = selection.directives?.find(
        directive => directive.name.value === 'skip' || directive.name.value === 'include',
      )
      if (condition !== undefined) {
        throw refused(
          'GRAPHQL_VALIDATION_FAILED',
          `@${condition.name.value} may not stand on the root field of a subscription`,
        )
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) look(selection.selectionSet)
      if (selection.kind !== Kind.FRAGMENT_SPREAD || seen.has(selection.name.value)) continue
      seen.add(selection.name.value)
      const fragment = document.fragments.get(selection.name.value)
      if (fragment !== undefined) look(fragment.selectionSet)
    }
  }
  look(operation.selectionSet)
}
