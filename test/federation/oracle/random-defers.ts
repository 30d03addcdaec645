import { Kind, parse, print, visit } from 'graphql'
import type { DirectiveNode, SelectionSetNode } from 'graphql'
import type { GraphQLRequest } from '../../../gateway/engine.ts'
import type { Random } from './random.ts'

const defer: DirectiveNode = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'defer' } }

/** The operation with some of its selections deferred; undefined: it defers none. Root fields of mutations stay. */
export function withDefers(request: GraphQLRequest, random: Random): GraphQLRequest | undefined {
  let count = 0
  const document = parse(request.query, { noLocation: true })
  const deferred = visit(document, {
    SelectionSet: {
      leave(set, _key, parent): SelectionSetNode | undefined {
        // A fragment may be one of a mutation's root.
        if (parent === undefined || !('kind' in parent) || parent.kind !== Kind.FIELD) return undefined
        const selections = set.selections.map(selection => {
          if (!random.chance(35)) return selection
          count++
          if (selection.kind !== Kind.FIELD) {
            return { ...selection, directives: [...(selection.directives ?? []), defer] }
          }
          const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [selection] }
          return { kind: Kind.INLINE_FRAGMENT, directives: [defer], selectionSet } as const
        })
        return { ...set, selections }
      },
    },
  })
  return count === 0 ? undefined : { ...request, query: print(deferred) }
}

export function hasDefers(query: string): boolean {
  return query.includes('@defer')
}

/** The operation as one schema runs it. */
export function withoutDefers(query: string): string {
  if (!hasDefers(query)) return query
  const document = parse(query, { noLocation: true })
  return print(visit(document, { Directive: ({ name }) => (name.value === 'defer' ? null : undefined) }))
}
