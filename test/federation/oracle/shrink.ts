import { Kind, parse, print, visit } from 'graphql'
import type { ASTNode, DocumentNode, SelectionSetNode } from 'graphql'
import type { GraphQLRequest } from '../../../gateway/engine.ts'
import { namedType } from './graph-model.ts'
import type { GraphModel } from './graph-model.ts'
import { isIn } from './sdl.ts'

/** A graph and an operation on it. */
export interface Case {
  readonly model: GraphModel
  readonly request: GraphQLRequest
}

/** Cuts one part after the other while `fails` says that the fault is still there; at most `triesMax` tries. */
export async function shrink(
  found: Case,
  fails: (smaller: Case) => Promise<boolean>,
  triesMax: number,
): Promise<Case> {
  let smallest = found
  let tries = 0
  for (let changed = true; changed;) {
    changed = false
    for (const smaller of smallerCases(smallest)) {
      if (tries++ >= triesMax) return smallest
      if (!(await fails(smaller))) continue
      smallest = smaller
      changed = true
      break
    }
  }
  return smallest
}

/** Everything that is one cut smaller, large cuts first. Not all of it is valid. */
function* smallerCases({ model, request }: Case): Iterable<Case> {
  const document = parse(request.query, { noLocation: true })
  for (const query of smallerDocuments(document)) yield { model, request: { ...request, query } }
  for (const name of Object.keys(request.variables ?? {})) {
    const { [name]: _, ...variables } = request.variables ?? {}
    yield { model, request: { ...request, variables } }
  }
  for (const smaller of smallerModels(model)) yield { model: smaller, request }
}

const cuttable: ReadonlySet<string> = new Set([
  Kind.OPERATION_DEFINITION,
  Kind.FRAGMENT_DEFINITION,
  Kind.FIELD,
  Kind.INLINE_FRAGMENT,
  Kind.FRAGMENT_SPREAD,
  Kind.ARGUMENT,
  Kind.DIRECTIVE,
  Kind.VARIABLE_DEFINITION,
])

const typename: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }],
}

/** The document without one of its parts, for every part. */
function* smallerDocuments(document: DocumentNode): Iterable<string> {
  const parts: ASTNode[] = []
  visit(document, {
    enter(node) {
      if (cuttable.has(node.kind)) parts.push(node)
      if (node.kind === Kind.FIELD && node.alias !== undefined) parts.push(node.alias)
    },
  })
  for (const part of parts) {
    const without = visit(document, { enter: node => (node === part ? null : undefined) })
    const text = print(
      visit(without, { SelectionSet: set => (set.selections.length === 0 ? typename : undefined) }),
    )
    if (text !== '' && text !== print(document)) yield text
  }
}

/** The graph without one of its types, fields, homes, keys, members or arguments, for each of them. */
function* smallerModels(model: GraphModel): Iterable<GraphModel> {
  for (const path of listsOf(model, [])) {
    const length = listAt(model, path).length
    for (let index = 0; index < length; index++) {
      const smaller = structuredClone(model)
      // A copy of our own.
      ;(listAt(smaller, path) as unknown[]).splice(index, 1)
      if (isSound(smaller)) yield smaller
    }
  }
}

/**
 * With one end of an @override cut off, or a type that a field of a subgraph has, nobody might answer the field, whatever a gateway
 * does.
 */
function isSound(model: GraphModel): boolean {
  return model.objects.every(({ fields }) =>
    fields.every(({ homes, type, of }) => {
      const left = homes.filter(({ as }) => as === 'overridden').map(({ subgraph }) => subgraph)
      const moved = homes.flatMap(({ overrides }) => overrides ?? [])
      const abstract = [...model.interfaces, ...model.unions].find(({ name }) => name === namedType(type))
      const known = homes
        .filter(({ subgraph }) => abstract?.homes.includes(subgraph) === true)
        .every(({ subgraph }) =>
          of.every(each => model.objects.some(object => object.name === each && isIn(object, subgraph))),
        )
      return known && left.sort().join() === moved.sort().join()
    }),
  )
}

function* listsOf(
  value: unknown,
  path: readonly (string | number)[],
): Iterable<readonly (string | number)[]> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) yield path
  for (const [key, inner] of Object.entries(value)) {
    yield* listsOf(inner, [...path, Array.isArray(value) ? Number(key) : key])
  }
}

function listAt(model: GraphModel, path: readonly (string | number)[]): readonly unknown[] {
  let value: unknown = model
  // Paths come from listsOf.
  for (const step of path) value = (value as Record<string | number, unknown>)[step]
  return value as readonly unknown[]
}
