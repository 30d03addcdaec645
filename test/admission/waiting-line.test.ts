import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Priority } from '../../dispatch/port.ts'
import { prioritiesInOrder, WaitingLine } from '../../gateway/admission/waiting-line.ts'

interface One {
  readonly priority: Priority
  readonly number: number
}

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('join'), priority: fc.constantFrom(...prioritiesInOrder) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('serve') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave'), index: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('displace'), by: fc.constantFrom(...prioritiesInOrder) }),
  },
)

test('it serves as a plain sorted list would: by priority, then by arrival; whoever left or was displaced is gone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.array(action, { maxLength: 60 }), (max, actions) => {
      const line = new WaitingLine<One>(max)
      let oracle: One[] = []
      const rank = ({ priority }: { priority: Priority }): number => prioritiesInOrder.indexOf(priority)
      actions.forEach((step, number) => {
        if (step.kind === 'join' && 'priority' in step) {
          expect(line.full).toBe(oracle.length >= max)
          if (line.full) return
          const one = { priority: step.priority, number }
          line.join(one)
          oracle = [...oracle, one].toSorted((a, b) => rank(a) - rank(b) || a.number - b.number)
        } else if (step.kind === 'serve') {
          expect(line.serve()).toBe(oracle.shift())
        } else if (step.kind === 'leave' && 'index' in step) {
          const one = oracle[step.index]
          if (one === undefined) return
          line.leave(one)
          line.leave(one)
          oracle = oracle.filter(other => other !== one)
        } else if ('by' in step) {
          const lowest = oracle.at(-1)
          const out = oracle.find(one => one.priority === lowest?.priority)
          const displaced = out !== undefined && rank(out) > rank({ priority: step.by }) ? out : undefined
          expect(line.canDisplace(step.by)).toBe(displaced !== undefined)
          expect(line.displace(step.by)).toBe(displaced)
          oracle = oracle.filter(one => one !== displaced)
        }
        expect(line.length).toBe(oracle.length)
        for (const priority of prioritiesInOrder) {
          expect(line.waiting(priority)).toBe(oracle.filter(one => one.priority === priority).length)
          expect(line.ahead(priority)).toBe(oracle.filter(one => rank(one) <= rank({ priority })).length)
        }
      })
    }),
  )
})
