import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Mutant, QuorumSimulation, anySteps, forgettingSteps } from '../../support/quorum-simulation.ts'

function property(mutant?: Mutant) {
  return fc.asyncProperty(
    fc.scheduler(),
    anySteps,
    fc.infiniteStream(fc.nat(99)),
    (scheduler, steps, noise) => new QuorumSimulation(scheduler, noise, mutant).run(steps),
  )
}

test('whatever is lost, late or dies, nothing acknowledged is lost and every history is linearizable', async () => {
  await fc.assert(property(), { numRuns: 1_500, endOnFailure: true })
}, 60_000)

test('stores whose founders gave up half-way are led by the next process', async () => {
  const founding = fc.asyncProperty(
    fc.scheduler(),
    anySteps,
    fc.infiniteStream(fc.nat(99)),
    (scheduler, steps, noise) => new QuorumSimulation(scheduler, noise).runFromFounding(steps),
  )
  await fc.assert(founding, { numRuns: 400, endOnFailure: true })
}, 60_000)

test('stores may be forgotten and taken in again, down to one that decides alone, without two majorities', async () => {
  const forgetting = fc.asyncProperty(
    fc.scheduler(),
    forgettingSteps,
    fc.infiniteStream(fc.nat(99)),
    (scheduler, steps, noise) => new QuorumSimulation(scheduler, noise).run(steps),
  )
  await fc.assert(forgetting, { numRuns: 500, endOnFailure: true })
}, 60_000)

describe('the simulation notices', () => {
  const mutants: readonly Mutant[] = [
    'acknowledges before writing',
    'forgets its promises',
    'votes while behind',
    'votes after losing its data',
    'repeats without looking at commit ids',
  ]
  test.each(mutants)(
    'a quorum that %s',
    async mutant => {
      const found = await fc.check(property(mutant), { numRuns: 5_000, seed: 42, endOnFailure: true })
      expect(found.failed).toBe(true)
      expect(String(found.errorInstance)).toMatch(
        /was told to be|two logs differ|not linearizable|lost its data/,
      )
    },
    60_000,
  )
})
