// How long a new supergraph keeps requests waiting: npm run bench:supergraph
import { setTimeout } from 'node:timers/promises'
import { createEngine } from '../../gateway/create-engine.ts'
import type { Subgraph } from '../../gateway/execution/subgraph.ts'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { LiveSupergraphOptions } from '../../gateway/supergraph/live-supergraph.ts'
import { loadApart } from '../../gateway/supergraph/load-apart.ts'
import { memoryFeed } from '../../test/support/memory-feed.ts'
import { largeSupergraph } from './graph.ts'

const types = 300
const swaps = 5
const versions = Array.from({ length: swaps + 1 }, (_, index) => largeSupergraph(types, String(index)))

/** A subgraph that nobody asks. */
const silent = (name: string): Subgraph => ({
  name,
  execute: () => Promise.reject(new Error('not asked')),
  subscribe: () => {
    throw new Error('not asked')
  },
  close: () => Promise.resolve(),
})

/** The most CPU, milliseconds, that this thread took in one go while `work` went on. */
async function longestGo(work: () => Promise<void>): Promise<number> {
  const cpu = (): number => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  let longest = 0
  let last = cpu()
  let going = true
  const look = (): void => {
    const now = cpu()
    longest = Math.max(longest, now - last)
    last = now
    if (going) setImmediate(look)
  }
  setImmediate(look)
  await work()
  going = false
  return longest
}

async function swapping(load: LiveSupergraphOptions['load']): Promise<void> {
  const feed = memoryFeed(versions[0] ?? '')
  const live = await liveSupergraph(feed, load === undefined ? {} : { load })
  const engine = createEngine({ supergraph: live, subgraph: silent })
  await engine.ready()
  for (let index = 1; index <= swaps; index++) {
    await engine.prepare({ query: `{ version${index - 1} }` })
    const longest = await longestGo(async () => {
      const before = live.current()?.hash
      feed.offer(versions[index] ?? '')
      while (live.current()?.hash === before) await setTimeout(1)
    })
    lines.push(`${load === undefined ? 'here ' : 'apart'} swap ${index}: ${longest.toFixed(1)} ms in one go`)
  }
  await engine.close()
}

const lines: string[] = []
console.log(`${types} types in six subgraphs, ${versions[0]?.length} characters; CPU of the serving thread`)
await swapping(loadApart)
await swapping(undefined)
console.log(lines.join('\n'))
