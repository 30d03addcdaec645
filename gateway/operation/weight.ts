import { Kind } from 'graphql'
import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { ResolvedLimits } from './limits.ts'

/** Why a document is refused before anything expensive looks at it. */
export interface Overweight {
  readonly code: ErrorCode
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

interface Weight {
  readonly depth: number
  readonly selections: number
  readonly aliases: number
  readonly directives: number
  /** Occurrences of each response name at the top of the selection set. */
  readonly names: ReadonlyMap<string, number>
}

const nothing: Weight = { depth: 0, selections: 0, aliases: 0, directives: 0, names: new Map() }

/**
 * Weighs every operation of a document with its fragments expanded, and answers what is too much, or undefined. Takes
 * time proportional to the document: each fragment is weighed once, so a bomb of fragments costs no more than its text.
 */
export function overweight(document: DocumentNode, limits: ResolvedLimits): Overweight | undefined {
  const scale = new Scale(document, limits)
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) scale.fragment(definition.name.value)
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const weight = scale.weigh(definition.selectionSet)
    const found = scale.refusal ?? judge(weight, definition.directives?.length ?? 0, limits)
    if (found !== undefined) return found
  }
  return scale.refusal
}

function judge(weight: Weight, own: number, limits: ResolvedLimits): Overweight | undefined {
  const roots = [...weight.names.values()].reduce((sum, count) => sum + count, 0)
  return (
    tooMuch('LIMIT_DEPTH', 'levels of fields', weight.depth, limits.depthMax) ??
    tooMuch('LIMIT_RECURSION', 'selections', weight.selections, limits.selectionsMax) ??
    tooMuch('LIMIT_ALIASES', 'aliases', weight.aliases, limits.aliasesMax) ??
    tooMuch('LIMIT_ROOT_FIELDS', 'root fields', roots, limits.rootFieldsMax) ??
    tooMuch('LIMIT_DIRECTIVES', 'directives', weight.directives + own, limits.directivesMax)
  )
}

function tooMuch(code: ErrorCode, what: string, actual: number, limit: number): Overweight | undefined {
  if (actual <= limit) return undefined
  return { code, message: `the operation has more than ${limit} ${what}`, facts: { limit } }
}

class Scale {
  refusal: Overweight | undefined
  readonly #limits: ResolvedLimits
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  readonly #weights = new Map<string, Weight | 'weighing'>()

  constructor(document: DocumentNode, limits: ResolvedLimits) {
    this.#limits = limits
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition)
    }
  }

  /** Recursion is bounded by the parser's own limit on nesting and by the number of fragments, checked on the way. */
  weigh(set: SelectionSetNode, chain = 0): Weight {
    let depth = 0
    let selections = 0
    let aliases = 0
    let directives = 0
    const names = new Map<string, number>()
    for (const selection of set.selections) {
      selections++
      directives += selection.directives?.length ?? 0
      let inner: Weight
      if (selection.kind === Kind.FIELD) {
        inner = selection.selectionSet === undefined ? nothing : this.weigh(selection.selectionSet, chain)
        if (selection.alias !== undefined) aliases++
        this.#count(names, (selection.alias ?? selection.name).value, 1)
        depth = Math.max(depth, inner.depth + 1)
      } else {
        inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? this.weigh(selection.selectionSet, chain)
            : this.fragment(selection.name.value, chain + 1)
        for (const [name, count] of inner.names) this.#count(names, name, count)
        depth = Math.max(depth, inner.depth)
      }
      selections += inner.selections
      aliases += inner.aliases
      directives += inner.directives
    }
    return { depth, selections, aliases, directives, names }
  }

  fragment(name: string, chain = 0): Weight {
    const known = this.#weights.get(name)
    if (known === 'weighing') {
      this.refusal ??= {
        code: 'GRAPHQL_VALIDATION_FAILED',
        message: `Cannot spread fragment "${name}" within itself.`,
        facts: {},
      }
      return nothing
    }
    if (known !== undefined) return known
    const definition = this.#fragments.get(name)
    if (definition === undefined) return nothing
    if (chain > fragmentChainMax) {
      this.refusal ??= {
        code: 'LIMIT_DEPTH',
        message: `fragments spread each other more than ${fragmentChainMax} times in a row`,
        facts: { limit: fragmentChainMax },
      }
      return nothing
    }
    this.#weights.set(name, 'weighing')
    const weight = this.weigh(definition.selectionSet, chain)
    this.#weights.set(name, weight)
    return weight
  }

  #count(names: Map<string, number>, name: string, more: number): void {
    const count = (names.get(name) ?? 0) + more
    names.set(name, count)
    if (count > this.#limits.duplicatesMax) {
      this.refusal ??= {
        code: 'LIMIT_DUPLICATES',
        message: `one selection set has the same name more than ${this.#limits.duplicatesMax} times`,
        facts: { limit: this.#limits.duplicatesMax },
      }
    }
  }
}

/** Fragments that spread the next one, in a row; each is a level of recursion for whoever walks the document. */
const fragmentChainMax = 100
