import { isDeepStrictEqual } from 'node:util'
import type { LogEntry, StoreEngine } from '../../subgraphs/db/task-store.ts'
import { attempt } from '../contract/store-under-test.ts'
import type { Heard } from './history.ts'
import type { TorturedStore } from './stores.ts'

/**
 * Compares the stores when all is over: equal logs without a gap, every commit once and where it was told to be, none that
 * was told not to have happened, records that are what the log says, and followers who were told each event once, in order.
 * Answers what is not so.
 */
export async function compareStores(
  stores: readonly TorturedStore[],
  told: ReadonlyMap<string, number | 'never'>,
  followers: readonly Heard[],
): Promise<{ readonly wrong: readonly string[]; readonly entries: number }> {
  const wrong: string[] = []
  const engines: StoreEngine[] = []
  for (const store of stores) engines.push(await store.open())
  try {
    const heads = await Promise.all(
      engines.map(async ({ operations }) => operations.head?.(undefined, attempt())),
    )
    const logs = await Promise.all(engines.map(engine => logOf(engine)))
    const [first = []] = logs
    logs.forEach((log, index) => {
      const name = stores[index]?.name
      const head = heads[index]?.seq ?? 0
      // A cache keeps the newest entries only, and a process that ended may have left the last batch undecided.
      const from = (log[0]?.position.seq ?? 1) - 1
      if (log.some((entry, place) => entry.position.seq !== from + place + 1))
        wrong.push(`the log of ${name} has gaps`)
      const both = Math.min(head, first.length) - from
      const isEqual = log
        .slice(0, both)
        .every((entry, place) => entry.commit.id === first[from + place]?.commit.id)
      if (!isEqual) wrong.push(`the log of ${name} is another one`)
    })
    const longest = logs
      .filter(log => log[0]?.position.seq === 1)
      .reduce((a, b) => (b.length > a.length ? b : a), [])
    wrong.push(...misplaced(longest, told), ...followers.flatMap(heard => misheard(longest, heard)))
    for (const [index, engine] of engines.entries()) {
      if (engine.operations.query === undefined) continue
      const own = longest.slice(0, heads[index]?.seq ?? 0)
      wrong.push(...(await wrongRecords(stores[index]?.name ?? '', engine, own)))
    }
    return { wrong, entries: longest.length }
  } finally {
    for (const engine of engines) await engine.close()
  }
}

async function logOf({ operations }: StoreEngine): Promise<readonly LogEntry[]> {
  const { log, head } = operations
  if (log === undefined || head === undefined) throw new Error('a store without a log')
  const entries: LogEntry[] = []
  const { seq } = await head(undefined, attempt())
  const isWhole = operations.query !== undefined
  let after = isWhole ? 0 : Math.max(0, seq - 5_000)
  for (;;) {
    const page = await log({ afterSeq: after, limit: 1_000 }, attempt())
    entries.push(...page)
    const last = page.at(-1)
    if (last === undefined) return entries
    after = last.position.seq
  }
}

function misplaced(log: readonly LogEntry[], told: ReadonlyMap<string, number | 'never'>): string[] {
  const wrong: string[] = []
  const places = new Map<string, number>()
  for (const { commit, position } of log) {
    if (places.has(commit.id)) wrong.push(`${commit.id} is in the log twice`)
    places.set(commit.id, position.seq)
  }
  for (const [id, place] of told) {
    const found = places.get(id) ?? 'never'
    if (found !== place) wrong.push(`${id} was told to be at ${place} and is at ${found}`)
  }
  return wrong
}

/** What followers were told beside the events of the log, between where they began and where they ended. */
export function misheard(log: readonly LogEntry[], { pages, lost }: Heard): string[] {
  const wrong = lost.map(why => `a follower could not go on behind ${why}`)
  const seqOf = (position: string): number => Number(position.split(':').at(-1))
  pages.forEach(({ after }, index) => {
    const before = pages[index - 1]?.next ?? after
    if (before !== after) wrong.push(`a follower went on behind ${after} and not ${before}`)
  })
  const [from, to] = [seqOf(pages[0]?.after ?? ':0'), seqOf(pages.at(-1)?.next ?? ':0')]
  const events = log
    .filter(({ position }) => position.seq > from && position.seq <= to)
    .flatMap(({ commit }) => (commit.event === undefined ? [] : [commit.event.id]))
  const heard = pages.flatMap(page => page.events)
  const differs = Math.max(events.length, heard.length) > 0 && events.join() !== heard.join()
  if (differs) wrong.push(`between ${from} and ${to} the log has other events than a follower was told`)
  return wrong
}

async function wrongRecords(name: string, engine: StoreEngine, log: readonly LogEntry[]): Promise<string[]> {
  const truth = new Map(log.flatMap(({ commit }) => commit.puts).map(put => [put.id, put]))
  const { read } = engine.operations
  const wrong: string[] = []
  const ids = [...truth.keys()]
  for (let from = 0; from < ids.length; from += 500) {
    const keys = ids.slice(from, from + 500).map(id => ({ kind: 'task' as const, id }))
    const found = (await read?.(keys, attempt())) ?? []
    keys.forEach(({ id }, index) => {
      if (!isDeepStrictEqual(found[index], truth.get(id)))
        wrong.push(`${name} holds another ${id} than its log`)
    })
  }
  return wrong
}
