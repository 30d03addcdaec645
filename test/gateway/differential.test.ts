import fc from 'fast-check'
import { buildASTSchema, execute, parse, validate } from 'graphql'
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import type { Planner } from '../../gateway/planning/planner.ts'
import { federated, plannerForTest } from '../support/federated.ts'
import { librarySubgraphs, monolithResolvers, monolithSdl } from '../support/library-graph.ts'
import { randomOperation } from '../support/random-operation.ts'

/** The subgraph whose fields fail. */
let dead: string | undefined

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
      const answer = resolve as GraphQLFieldResolver<unknown, unknown>
      const owner = ownerOf(typeName, name)
      field.resolve = (...given) => {
        if (owner !== undefined && owner === dead) throw new Error(`${owner} is dead`)
        return answer(...given)
      }
    }
  }
  return schema
}

function ownerOf(type: string, field: string): string | undefined {
  return Object.keys(librarySubgraphs).find(name => {
    const fields: unknown = librarySubgraphs[name]?.resolvers?.[type]
    return typeof fields === 'object' && fields !== null && field in fields
  })
}

const limits = { aliasesMax: 1_000, selectionsMax: 5_000, fetchesMax: 1_000, rootFieldsMax: 100 }
/** Plans by the planner of this run, and all of them: what it cannot plan it may hand on here. */
const plans = { own: 0, all: 0 }
const planner = ({ sdl }: { readonly sdl: string }): Planner => {
  const local = new LocalPlanner(plannerForTest, sdl)
  return {
    async plan(request, signal) {
      const plan = await local.plan(request, signal)
      plans.all++
      if (plan.plannedBy === plannerForTest) plans.own++
      return plan
    },
    close: () => local.close(),
  }
}
const { ask, subgraph } = federated(librarySubgraphs, { limits, planner })

const tapes = fc.array(fc.nat(10_000), { minLength: 10, maxLength: 90 })

/** More for a longer search: `ENNEAD_FUZZ_RUNS=20000 npx vitest run test/gateway/differential.test.ts`. */
const runs = Number(process.env['ENNEAD_FUZZ_RUNS'] ?? 300)
const timeout = 30_000 + runs * 50

test('any operation is answered as one schema without federation would answer it', { timeout }, async () => {
  let withData = 0
  await fc.assert(
    fc.asyncProperty(tapes, async tape => {
      if (await sameAnswer(tape)) withData++
    }),
    { numRuns: runs },
  )
  // Otherwise the comparison would say little.
  expect(withData).toBeGreaterThan(runs / 3)
  expect(plans.own).toBeGreaterThan(plans.all * 0.9)
})

// Not those whose fields a @requires of another subgraph needs: what else that fetch brings is blanked with it.
test.each(['pets', 'ranks'])(
  'without %s, an answer lacks what one schema whose fields of it fail would lack',
  { timeout },
  async name => {
    dead = name
    subgraph(name).intercept = () =>
      Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', `${name} is dead`))
    try {
      const property = fc.asyncProperty(tapes, async tape => void (await sameAnswer(tape)))
      await fc.assert(property, { numRuns: Math.ceil(runs / 2) })
    } finally {
      dead = undefined
      subgraph(name).intercept = undefined
    }
  },
)

/** Compares the answers to the operation that `tape` makes; says whether there was data in them. */
async function sameAnswer(tape: readonly number[]): Promise<boolean> {
  const query = randomOperation(monolith, tape)
  const document = parse(query)
  // Aliases may collide; variables may stay unused, which is no concern here.
  const faults = validate(monolith, document).filter(({ message }) => !message.includes('never used'))
  fc.pre(faults.length === 0)
  const expected = await execute({ schema: monolith, document, variableValues })
  const answer = await ask({ query: usingAll(query), variables: { ...variableValues } })
  expect(JSON.stringify(answer.data), query).toBe(JSON.stringify(withUsed(expected.data)))
  expect(answer.errors !== undefined, `${query} ${JSON.stringify(answer.errors)}`).toBe(
    expected.errors !== undefined,
  )
  return answer.data !== null && answer.data !== undefined
}

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
