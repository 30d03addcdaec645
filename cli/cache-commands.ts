import type { Forgetting } from '../gateway/execution/entity-cache/forgotten.ts'
import { isTree } from '../gateway/execution/tree.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { ControlHandlers } from './control.ts'

/** What a gateway's processes are told to forget; answers how many have. */
export type Forget = (forgetting: Forgetting) => Promise<number>

/** What `ennead cache` asks of a gateway. */
export function cacheCommands(forget: Forget): ControlHandlers {
  return new Map([
    [
      'cache/forget',
      async input => {
        const { subgraph, type, key } = input
        if (key !== undefined && !isTree(key)) {
          throw new EnneadError('BAD_USER_INPUT', 'a key must be an object, e.g. {"id":"1"}')
        }
        const forgetting = { subgraph: wordOf(subgraph, 'subgraph'), type: wordOf(type, 'type'), key }
        return { forgotten: forgetting, processes: await forget(forgetting) }
      },
    ],
  ])
}

function wordOf(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new EnneadError('BAD_USER_INPUT', `${name} must be a text`)
}
