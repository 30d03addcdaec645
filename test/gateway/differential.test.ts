import fc from 'fast-check'
import { buildASTSchema, execute, parse, validate } from 'graphql'
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { expect, test } from 'vitest'
import { federated } from '../support/federated.ts'
import { librarySubgraphs, monolithResolvers, monolithSdl } from '../support/library-graph.ts'
import { randomOperation } from '../support/random-operation.ts'

const monolith = withResolvers(buildASTSchema(parse(monolithSdl)))
const variableValues = { no: false, two: 2 }

function withResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const [typeName, fields] of Object.entries(monolithResolvers)) {
    const type = schema.getType(typeName)
    if (type === undefined || !('getFields' in type)) throw new Error(`no type ${typeName}`)
    for (const [name, resolve] of Object.entries(fields)) {
      const field = type.getFields()[name]
      if (field === undefined || !('args' in field)) throw new Error(`no field ${typeName}.${name}`)
      // Resolvers of the table take what this schema gives them.
      field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>
    }
  }
  return schema
}

const limits = { aliasesMax: 1_000, selectionsMax: 5_000, fetchesMax: 1_000, rootFieldsMax: 100 }
const { ask } = federated(librarySubgraphs, { limits })

/** More for a longer search: `ENNEAD_FUZZ_RUNS=20000 npx vitest run test/gateway/differential.test.ts`. */
const runs = Number(process.env['ENNEAD_FUZZ_RUNS'] ?? 300)

test(
  'any operation is answered as one schema without federation would answer it',
  async () => {
    let compared = 0
    let withData = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(10_000), { minLength: 10, maxLength: 90 }), async tape => {
        const query = randomOperation(monolith, tape)
        const document = parse(query)
        // Aliases may collide; variables may stay unused, which is no concern here.
        const faults = validate(monolith, document).filter(({ message }) => !message.includes('never used'))
        fc.pre(faults.length === 0)
        const expected = await execute({ schema: monolith, document, variableValues })
        const answer = await ask({ query: usingAll(query), variables: { ...variableValues } })
        compared++
        if (answer.data) withData++
        expect(JSON.stringify(answer.data), query).toBe(JSON.stringify(withUsed(expected.data)))
        expect(answer.errors !== undefined, `${query} ${JSON.stringify(answer.errors)}`).toBe(
          expected.errors !== undefined,
        )
      }),
      { numRuns: runs },
    )
    // Otherwise the comparison would say little.
    expect(compared).toBeGreaterThan(runs / 2)
    expect(withData).toBeGreaterThan(runs / 3)
  },
  30_000 + runs * 50,
)

/** A root field that uses every variable, so that the gateway's validation has nothing against the operation. */
function usingAll(query: string): string {
  return query.replace(
    '{',
    '{ _used: user(id: "none") { friends(first: $two) @skip(if: $no) @include(if: $yes) { id } } ',
  )
}

function withUsed(data: unknown): unknown {
  return data === null || data === undefined ? null : { _used: null, ...data }
}
