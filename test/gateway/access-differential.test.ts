import fc from 'fast-check'
import { execute, getNamedType, parse, validate } from 'graphql'
import type { GraphQLFieldResolver } from 'graphql'
import { expect, test } from 'vitest'
import { meets, viewerOf } from '../../gateway/operation/viewer.ts'
import type { Viewer } from '../../gateway/operation/viewer.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { guardedGraph, roots, token } from '../support/guarded-graph.ts'
import { randomOperation } from '../support/random-operation.ts'

// Friends of friends of friends, five times over, cost more than is allowed to anybody.
const tested = guardedGraph({ cost: { costMax: Number.MAX_SAFE_INTEGER } })
const { apiSchema, access } = loadSupergraph(tested.sdl)
const variables = { yes: true, no: false, two: 2 }

/** One schema without a gateway, whose resolvers refuse. */
function resolver(viewer: Viewer): GraphQLFieldResolver<unknown, unknown, { readonly id?: string }> {
  const refused = (coordinate: string): boolean => {
    const requirement = access.get(coordinate)
    return requirement !== undefined && !meets(viewer, requirement)
  }
  const hidden = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hidden)
    const type: unknown = typeof value === 'object' && value !== null && Reflect.get(value, '__typename')
    return typeof type === 'string' && refused(type) ? new Error(`${type} is refused`) : value
  }
  return (source, args, _, { parentType, fieldName, returnType }) => {
    const type = getNamedType(returnType).name
    for (const coordinate of [parentType.name, `${parentType.name}.${fieldName}`, type]) {
      if (refused(coordinate)) throw new Error(`${coordinate} is refused`)
    }
    const owner: unknown = parentType.name === 'Query' ? roots : source
    const value: unknown = Reflect.get(Object(owner), fieldName)
    return hidden(typeof value === 'function' ? value(args) : value)
  }
}

const scopes = fc.subarray(['read:email', 'read:users', 'admin', 'secrets', 'address'])
const policies = fc.subarray(['payroll'])
const viewers = fc.option(fc.tuple(scopes, policies), { nil: undefined })
const tapes = fc.array(fc.nat(1_000), { minLength: 10, maxLength: 120 })

test('whoever asks whatever gets what one schema with refusing resolvers would answer, and nothing refused is asked of subgraphs', async () => {
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(tapes, viewers, async (tape, held) => {
      const query = withUsedVariables(randomOperation(apiSchema, tape))
      const document = parse(query)
      fc.pre(validate(apiSchema, document).length === 0)
      const principal = held === undefined ? undefined : token(...held).principal
      const viewer = viewerOf(principal)
      takeRequests()
      const expected = await execute({
        schema: apiSchema,
        document,
        variableValues: variables,
        fieldResolver: resolver(viewer),
        typeResolver: value => String(Reflect.get(Object(value), '__typename')),
      })
      const answer = await tested.ask({ query, variables }, { principal })
      expect(JSON.stringify(answer.data), query).toBe(JSON.stringify(expected.data))
      expect(answer.errors !== undefined, query).toBe(expected.errors !== undefined)
      for (const { extensions } of answer.errors ?? []) {
        expect(extensions.code).toBe(held === undefined ? 'UNAUTHENTICATED' : 'FORBIDDEN')
      }
      const words = new Set(takeRequests().join(' ').match(/\w+/g))
      for (const { coordinate, ...requirement } of access.values()) {
        const field = coordinate.split('.')[1]
        if (field === undefined || meets(viewer, { coordinate, ...requirement })) continue
        expect(words.has(field), `${field} was asked for`).toBe(false)
      }
      if (answer.errors !== undefined) refusals++
    }),
    { numRuns: 400 },
  )
  // It can fail: a good share of the operations met something protected.
  expect(refusals).toBeGreaterThan(40)
})

/** What subgraphs were asked since the last time. */
function takeRequests(): readonly string[] {
  return ['people', 'orders'].flatMap(name =>
    tested
      .subgraph(name)
      .requests.splice(0)
      .map(({ query }) => query),
  )
}

/** Without the variables that the operation declares and does not use. */
function withUsedVariables(query: string): string {
  const [head = '', ...rest] = query.split(')')
  const body = rest.join(')')
  const declared = head.replace('query (', '').split(', ')
  const used = declared.filter(each => body.includes(each.split(':')[0] ?? ''))
  return used.length === 0 ? `query ${body}` : `query (${used.join(', ')})${body}`
}
