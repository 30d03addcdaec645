import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import type { ChangeFeed, FeedEntry, FeedPage } from '../../subgraphs/db/change-feed.ts'
import { type EventCopy, EventRelay } from '../../subgraphs/db/event-relay.ts'
import { manualClock, settled } from '../support/manual-clock.ts'

/** A log whose every third entry has no event; it waits for nobody. */
class Log implements Pick<ChangeFeed, 'read' | 'head'> {
  epoch = 'e1'
  length = 0

  get head(): string {
    return `${this.epoch}:${this.length}`
  }

  get events(): readonly FeedEntry[] {
    return Array.from({ length: this.length }, (_, index) => index + 1)
      .filter(seq => seq % 3 !== 0)
      .map(seq => entry(this.epoch, seq))
  }

  async read(
    { after = '', first }: Parameters<ChangeFeed['read']>[0],
    signal?: AbortSignal,
  ): Promise<FeedPage> {
    const [epoch = '', text = '0'] = after.split(':')
    const seq = Number(text)
    if (seq > 0 && (epoch !== this.epoch || seq > this.length))
      throw new EnneadError('CURSOR_EXPIRED', 'other')
    const entries = this.events.filter(({ position }) => Number(position.split(':')[1]) > seq).slice(0, first)
    if (entries.length === 0) {
      // As the log waits for the next event, and ends with its reader.
      await new Promise<void>(resolve => {
        this.waiting.add(resolve)
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    const next = entries.length === first ? (entries.at(-1)?.position ?? this.head) : this.head
    return { entries, next: entries.length === 0 ? after : next, more: false }
  }

  readonly waiting = new Set<() => void>()

  grow(by: number): void {
    this.length += by
    for (const wake of this.waiting) wake()
    this.waiting.clear()
  }
}

function entry(epoch: string, seq: number): FeedEntry {
  const position = `${epoch}:${seq}`
  const ids = { workspaceId: 'workspace_1', projectId: 'p', taskId: 't', actorId: 'u' }
  return {
    ...ids,
    position,
    id: `event_${position}`,
    at: '2026-01-01T00:00:00.000Z',
    kind: 'CREATED',
    changed: [],
  }
}

/** What stands at the other end, shared by relays; takes an event only where the stream ends, and fails on demand. */
class Stream {
  messages: FeedEntry[] = []
  /** For each append to come: how many events it takes, and whether it says so. */
  readonly faults: { readonly taken: number; readonly told: boolean }[] = []

  open = (): Promise<EventCopy> =>
    Promise.resolve({
      detail: 'a stream',
      end: async () => ({ sequence: this.messages.length, position: this.messages.at(-1)?.position }),
      append: async (events, after) => {
        if (this.messages.length !== after) return undefined
        const fault = this.faults.shift()
        this.messages.push(...events.slice(0, fault?.taken ?? events.length))
        if (fault !== undefined && !fault.told) throw new Error('no acknowledgement')
        return fault === undefined || fault.taken >= events.length ? after + events.length : undefined
      },
      close: async () => undefined,
    })
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 600 }) }),
  },
  fc.record({ is: fc.constant('fault' as const), taken: fc.nat(300), told: fc.boolean() }),
  fc.record({ is: fc.constant('forget' as const), messages: fc.nat(20) }),
  fc.record({ is: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 12_000 }) }),
  fc.record({ is: fc.constant('restart' as const) }),
)

test('two relays copy every event once and in order, whatever the copy loses, refuses or does not acknowledge', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
      async (steps, noise) => {
        const clock = manualClock()
        const [changes, stream] = [new Log(), new Stream()]
        const begin = (): EventRelay =>
          new EventRelay({
            changes,
            open: stream.open,
            clock,
            random: () => noise.next().value,
            log: silentLog,
          })
        const relays = [begin(), begin()]
        for (const one of steps) {
          if (one.is === 'grow') changes.grow(one.by)
          if (one.is === 'fault') stream.faults.push(one)
          // A crash of a broker that acknowledged before it wrote.
          if (one.is === 'forget') stream.messages.splice(Math.max(0, stream.messages.length - one.messages))
          if (one.is === 'pass') await clock.run(one.ms)
          if (one.is === 'restart') {
            await relays.shift()?.close()
            relays.push(begin())
          }
          await settled()
        }
        stream.faults.length = 0
        for (let turn = 0; turn < 5; turn++) {
          changes.grow(3)
          await clock.run(30_000)
        }
        expect(stream.messages.map(({ position }) => position)).toEqual(
          changes.events.map(({ position }) => position),
        )
        for (const relay of relays) await relay.close()
      },
    ),
    { numRuns: 60 },
  )
})

test('a log that was begun anew is copied from its beginning, behind what was', async () => {
  const clock = manualClock()
  const [changes, stream] = [new Log(), new Stream()]
  changes.grow(2)
  const relay = new EventRelay({ changes, open: stream.open, clock, random: () => 0.5, log: silentLog })
  await settled()
  await relay.close()
  changes.epoch = 'e2'
  changes.length = 1
  const next = new EventRelay({ changes, open: stream.open, clock, random: () => 0.5, log: silentLog })
  await settled()
  expect(stream.messages.map(({ position }) => position)).toEqual(['e1:1', 'e1:2', 'e2:1'])
  expect(next.health).toMatchObject({ name: 'events', state: 'ok', detail: 'a stream, at e2:1' })
  await next.close()
})

test('a copy that is ahead of all this process knows is left alone, and the operator is told', async () => {
  const clock = manualClock()
  const [changes, stream] = [new Log(), new Stream()]
  changes.grow(1)
  stream.messages.push(entry('e1', 5))
  const relay = new EventRelay({ changes, open: stream.open, clock, random: () => 0.5, log: silentLog })
  await clock.run(20_000)
  expect(stream.messages).toHaveLength(1)
  expect(relay.health).toMatchObject({
    state: 'failing',
    detail: expect.stringContaining('ends at e1:5') as string,
  })
  await relay.close()
})
