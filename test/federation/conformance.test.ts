import { afterAll, describe, expect, test } from 'vitest'
import { abstractTypes } from './conformance/abstract-types.ts'
import { access } from './conformance/access.ts'
import { conditions } from './conformance/conditions.ts'
import type { ConformanceCase, ConformanceOperation } from './conformance/conformance-case.ts'
import { contexts } from './conformance/contexts.ts'
import { DropIn, isAskable } from './conformance/drop-in.ts'
import { failures } from './conformance/failures.ts'
import { inputs } from './conformance/inputs.ts'
import { interfaceObjects } from './conformance/interface-objects.ts'
import { keys } from './conformance/keys.ts'
import { names } from './conformance/names.ts'
import { ownership } from './conformance/ownership.ts'
import { requirements } from './conformance/requirements.ts'
import { roots } from './conformance/roots.ts'
import { errorText, runCase } from './conformance/run-case.ts'
import type { Seen } from './conformance/run-case.ts'
import { engineVariants } from './engine-variants.ts'

const all: readonly ConformanceCase[] = [
  ...keys,
  ...requirements,
  ...ownership,
  ...abstractTypes,
  ...interfaceObjects,
  ...conditions,
  ...names,
  ...inputs,
  ...failures,
  ...access,
  ...contexts,
  ...roots,
]

describe.each(engineVariants)('$name, $tier', variant => {
  // Compiled queries are fewer requests, which test/gateway/compiled.test.ts looks at.
  const looksAtFetches = variant.tier === 'generic'
  for (const each of all) {
    const why = each.except?.[variant.name]
    test(`${each.name}${each.seen === undefined ? '' : ` (${each.seen})`}`, async () => {
      const running = runCase(each, variant)
      if (why !== undefined && !looksAtFetches) {
        await running.catch(() => undefined)
        return
      }
      if (why !== undefined) {
        // Once it can, the case should say so.
        const seen = await running.catch(() => undefined)
        expect(seen?.map((one, index) => shown(one, each.operations[index]))).not.toEqual(
          each.operations.map(operation => expected(operation, variant.name)),
        )
        return
      }
      const seen = await running
      for (const [index, operation] of each.operations.entries()) {
        const { fetches, ...rest } = operation
        const asked = looksAtFetches || fetches === undefined ? operation : rest
        expect(shown(seen[index], asked), operation.query).toEqual(expected(asked, variant.name))
      }
    })
  }
})

describe('in an Apollo Server', () => {
  const dropIn = new DropIn()
  afterAll(() => dropIn[Symbol.asyncDispose]())
  for (const each of all) {
    const askable = each.operations.some(isAskable)
    test.skipIf(!askable)(`${each.name}${each.seen === undefined ? '' : ` (${each.seen})`}`, async () => {
      const labels = each.options?.overrides?.active
      await using own = labels === undefined ? undefined : new DropIn({ overrideLabels: labels })
      const seen = await (own ?? dropIn).run(each)
      for (const [index, operation] of each.operations.entries()) {
        if (!isAskable(operation)) continue
        expect(shown(seen[index], operation), operation.query).toEqual(
          expected(asApolloServerRefuses(operation), 'apollo'),
        )
      }
    })
  }
})

test('there is a case for each promise, and no two have one name', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(60)
})

/** It validates operations itself, and says of a literal of the wrong type only that the document is not valid. */
function asApolloServerRefuses(operation: ConformanceOperation): ConformanceOperation {
  if (operation.query.includes('$') || operation.errors === undefined) return operation
  const errors = operation.errors.map(error =>
    error.code === 'BAD_USER_INPUT' ? { ...error, code: 'GRAPHQL_VALIDATION_FAILED' } : error,
  )
  return { ...operation, errors }
}

function shown(seen: Seen | undefined, operation: ConformanceOperation | undefined): unknown {
  if (seen === undefined || operation === undefined) return undefined
  const { data, errors, events, fetches } = seen
  if (operation.events !== undefined) return { events }
  return { data, errors, ...(operation.fetches === undefined ? {} : { fetches }) }
}

function expected(operation: ConformanceOperation, planner: 'apollo' | 'rust'): unknown {
  const { data, errors = [], events, fetches } = operation
  if (events !== undefined) return { events }
  const list = fetches !== undefined && 'apollo' in fetches ? fetches[planner] : fetches
  return {
    data: data === undefined ? undefined : JSON.stringify(data),
    errors: errors.map(errorText).sort(),
    ...(list === undefined ? {} : { fetches: [...list].sort() }),
  }
}
