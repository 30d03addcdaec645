import fc from 'fast-check'
import { expect, test } from 'vitest'
import { settled } from '../support/manual-clock.ts'
import { hubRig } from './hub-rig.ts'
import type { Witness } from './hub-rig.ts'

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('join' as const), room: fc.constantFrom(0, 1, 3, 99, 99) }),
  },
  // Comes back with a cursor that somebody was given.
  { weight: 6, arbitrary: fc.record({ do: fc.constant('resume' as const), pick: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('leave' as const), pick: fc.nat() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      pick: fc.nat(),
      room: fc.integer({ min: 0, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('break', 'fail', 'heal', 'reload', 'move') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 100, 3_000) }),
  },
)

type Step = {
  readonly do: string
  readonly count?: number
  readonly pick?: number
  readonly room?: number
  readonly ms?: number
}

/** Somebody who reads, and what it has a right to. */
interface Joined {
  readonly witness: Witness
  /** It is owed everything behind this. */
  readonly behind: number
}

/** One run; answers what was broken. */
async function broken(
  resumable: boolean,
  steps: readonly Step[],
  keptMax: number,
  together: number,
): Promise<string[]> {
  const { engine, clock, join, publish } = hubRig(
    resumable,
    { eventsMax: keptMax, bytesMax: 100_000 },
    together,
  )
  const all: Joined[] = []
  const present = new Set<Joined>()
  const faults: string[] = []
  const picked = (pick: number | undefined): Joined | undefined =>
    [...present][(pick ?? 0) % Math.max(1, present.size)]
  const enter = (witness: Witness, behind: number): void => {
    const joined = { witness, behind }
    all.push(joined)
    present.add(joined)
  }
  for (const each of steps) {
    if (each.do === 'publish') await publish(each.count)
    if (each.do === 'join') enter(join(undefined, { room: each.room ?? 0 }), engine.head)
    if (each.do === 'resume') {
      const { witness } = all[(each.pick ?? 0) % Math.max(1, all.length)] ?? {}
      const last = witness?.seen.at(-1)
      if (witness?.cursor !== undefined && last !== undefined) enter(join(witness.cursor), last)
    }
    if (each.do === 'leave') {
      const leaving = picked(each.pick)
      leaving?.witness.leave()
      if (leaving !== undefined) present.delete(leaving)
    }
    if (each.do === 'take') picked(each.pick)?.witness.take(each.room ?? 0)
    if (each.do === 'break') engine.break()
    if (each.do === 'fail') engine.failing = true
    if (each.do === 'heal') engine.failing = false
    if (each.do === 'move' || each.do === 'reload') {
      engine.continues = each.do === 'reload'
      engine.reload()
    }
    await clock.run(each.ms ?? 0)
    await settled()
  }
  engine.failing = false
  await clock.run(10_000)
  await publish()
  for (const { witness } of present) {
    if (witness.end === undefined && witness.room > 0 && witness.seen.at(-1) !== engine.head) {
      faults.push(`waits with room for ${witness.room}, and has ${witness.seen.at(-1)} of ${engine.head}`)
    }
  }
  for (const { witness } of present) witness.take(Number.POSITIVE_INFINITY)
  for (let round = 0; round < 3; round++) await publish()
  await clock.run(5_000)
  for (const { witness } of present) witness.take(Number.POSITIVE_INFINITY)
  await publish()
  for (const { witness, behind } of all) {
    const { seen } = witness
    // A source that was behind when somebody joined it may show a little of what was before.
    if (seen[0] !== undefined && seen[0] > behind + 1) faults.push(`begins with ${seen[0]} behind ${behind}`)
    const gap = seen.findIndex((at, index) => index > 0 && at !== (seen[index - 1] ?? 0) + 1)
    if (gap > 0) faults.push(`${seen[gap - 1]} is followed by ${seen[gap]}`)
  }
  for (const { witness } of present) {
    if (witness.end === undefined && witness.seen.at(-1) !== engine.head) {
      faults.push(`is not told of its end, and has ${witness.seen.at(-1)} of ${engine.head}`)
    }
  }
  const reading = [...present].filter(({ witness }) => witness.end === undefined).length
  if (engine.open.size > 1) faults.push(`${engine.open.size} sources for ${reading} readers`)
  if (reading === 0 && engine.open.size > 0) faults.push('a source for nobody')
  for (const { witness } of present) witness.leave()
  if (engine.open.size > 0) faults.push('a source for nobody, in the end')
  return faults
}

/** Events that a stream keeps. */
const kept = fc.constantFrom(6, 6, 20)
/** Events that are sent to a reader at once. */
const together = fc.constantFrom(1, 1, 3, 64)

test.each([true, false])(
  'whatever readers, sources and supergraphs do: every reader has every event once and in order, or is told (resumable: %s)',
  async resumable => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), kept, together, async (steps, ...sizes) => {
        expect(await broken(resumable, steps, ...sizes)).toEqual([])
      }),
      { numRuns: 400 },
    )
  },
)
