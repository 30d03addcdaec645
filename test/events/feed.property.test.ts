import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Feed } from '../../events/feed.ts'
import { MemoryLog, type Note } from './memory-log.ts'

type Step =
  | { readonly is: 'append'; readonly topics: readonly string[] }
  | { readonly is: 'skip' }
  | { readonly is: 'outage' }
  | { readonly is: 'recovery' }
  | { readonly is: 'pause' }
  | {
      readonly is: 'attach'
      readonly back: number
      readonly topic: string | undefined
      readonly narrow: boolean
    }
  | { readonly is: 'read'; readonly reader: number; readonly count: number }
  | { readonly is: 'detach'; readonly reader: number }

const topic = fc.constantFrom('a', 'b')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constant('append'), topics: fc.array(topic, { maxLength: 12 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constantFrom('skip' as const, 'outage' as const, 'recovery' as const, 'pause' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('attach'),
      back: fc.nat(30),
      topic: fc.option(topic, { nil: undefined }),
      narrow: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('read'),
      reader: fc.nat(5),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('detach'), reader: fc.nat(5) }) },
)

interface Reader {
  readonly from: number
  readonly wants: (note: Note) => boolean
  readonly listener: AsyncIterableIterator<Note, undefined>
  readonly seen: number[]
  /** The reads asked for so far, one after another. */
  busy: Promise<void>
  detached: boolean
}

function attach(log: MemoryLog, feed: Feed<Note, string>, how: Extract<Step, { is: 'attach' }>): Reader {
  const from = Math.max(0, log.head.seq - how.back)
  const wants = (note: Note): boolean => how.topic === undefined || note.topic === how.topic
  const listener = feed.attach({
    after: { epoch: log.epoch, seq: from },
    wanted: wants,
    ...(how.narrow && how.topic !== undefined ? { narrow: how.topic } : {}),
  })
  return { from, wants, listener, seen: [], busy: Promise.resolve(), detached: false }
}

async function read(reader: Reader, until: () => boolean): Promise<void> {
  while (!until()) {
    const { done, value } = await reader.listener.next()
    if (done === true) return
    reader.seen.push(value.position.seq)
  }
}

async function run(steps: readonly Step[], ringMax: number, pageMax: number, overlap: number): Promise<void> {
  const log = new MemoryLog()
  log.overlap = overlap
  const feed = new Feed({
    source: log,
    limits: { ringMax, pageMax, restMs: 1, restMsMax: 1, waitMs: 5, lingerMs: 1, catchUpsMax: 2 },
  })
  const readers: Reader[] = []
  for (const one of steps) {
    if (one.is === 'append') one.topics.forEach(name => log.append(name))
    else if (one.is === 'skip') log.skip()
    else if (one.is === 'outage' || one.is === 'recovery') log.outage(one.is === 'outage')
    else if (one.is === 'pause') await setImmediate()
    else if (one.is === 'attach') readers.push(attach(log, feed, one))
    else {
      const reader = readers[one.reader]
      if (reader === undefined || reader.detached) continue
      if (one.is === 'read') {
        reader.busy = reader.busy.then(() => {
          const target = reader.seen.length + one.count
          return read(reader, () => reader.seen.length >= target)
        })
      } else {
        reader.detached = true
        await reader.listener.return?.()
      }
    }
  }
  log.outage(false)
  for (const reader of readers) {
    const due = log.notes.filter(note => note.position.seq > reader.from && reader.wants(note))
    const seqs = due.map(note => note.position.seq)
    // Reads asked for beyond what there is go on waiting; leaving settles them.
    const last = reader.busy.then(() => read(reader, () => reader.seen.length >= seqs.length))
    while (!reader.detached && reader.seen.length < seqs.length) await Promise.race([last, setImmediate()])
    await reader.listener.return?.()
    await last
    expect(reader.seen).toEqual(reader.detached ? seqs.slice(0, reader.seen.length) : seqs)
  }
  feed.close()
}

test('whatever happens, every listener sees exactly what stands behind its place, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 7 }),
      fc.nat(2),
      run,
    ),
    { numRuns: 300 },
  )
}, 60_000)
