import { Kind, parse, visit } from 'graphql'
import type { DirectiveNode, DocumentNode } from 'graphql'

/** Field names that plans fetch for their own use, under their own name, beside what the client asked for. */
export interface ReservedNames {
  /** Every field of a key or of a @requires, and `__typename`. A client's alias of that name would collide. */
  readonly fields: ReadonlySet<string>
  /** Fields that a @requires asks with arguments. A client's own arguments would be replaced by them. */
  readonly withArguments: ReadonlySet<string>
}

/** Collects them from the keys, @requires and contexts of a composed supergraph. */
export function reservedNames(supergraph: DocumentNode): ReservedNames {
  const fields = new Set(['__typename'])
  const withArguments = new Set<string>()
  const collect = (selection: string): void => {
    visit(parse(`{${selection}}`), {
      Field(field) {
        fields.add(field.name.value)
        if ((field.arguments?.length ?? 0) > 0) withArguments.add(field.name.value)
      },
    })
  }
  visit(supergraph, {
    Directive(directive) {
      for (const selection of selectionsOf(directive)) collect(selection)
    },
  })
  return { fields, withArguments }
}

function selectionsOf(directive: DirectiveNode): readonly string[] {
  const name = directive.name.value
  if (name !== 'join__type' && name !== 'join__field') return []
  const found: string[] = []
  for (const argument of directive.arguments ?? []) {
    const wanted = argument.name.value === 'key' || argument.name.value === 'requires'
    if (wanted && argument.value.kind === Kind.STRING) found.push(argument.value.value)
    if (argument.name.value === 'contextArguments') found.push(...contextSelections(argument.value))
  }
  return found
}

/** `selection` of each `{ context, name, type, selection: " { prop }" }`. */
function contextSelections(value: unknown): readonly string[] {
  const found: string[] = []
  // A value node of the parsed supergraph; visit only reads it.
  visit(value as DirectiveNode, {
    ObjectField(field) {
      if (field.name.value !== 'selection' || field.value.kind !== Kind.STRING) return
      const inner = /^\s*\{(.*)\}\s*$/s.exec(field.value.value)?.[1]
      if (inner !== undefined) found.push(inner)
    },
  })
  return found
}
