import { StorageType, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { connectNats } from '../../../events/jetstream/nats-connection.ts'
import { SubjectReader } from '../../../events/jetstream/subject-reader.ts'
import type { SubjectMessage } from '../../../events/jetstream/subject-reader.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { jsonLog } from '../../../kernel/log.ts'
import { describeWithService } from '../../services/availability.ts'
import { findNats, startNats } from '../../services/nats.ts'
import { until } from '../../support/until.ts'

/** @param messagesMax Messages that the stream keeps. */
async function rig(command: string, messagesMax: number) {
  await using made = new AsyncDisposableStack()
  const nats = made.use(await startNats(command))
  const connection = await connect({ servers: nats.url })
  made.defer(() => connection.close())
  const { streams, consumers } = await jetstreamManager(connection)
  await streams.add({
    name: 'NUMBERS',
    subjects: ['numbers.>'],
    max_msgs: messagesMax,
    // Thousands of messages, none of which has to outlive the server.
    storage: StorageType.Memory,
  })
  const client = jetstream(connection)
  const lines: string[] = []
  const reader = new SubjectReader({
    connect: () => connectNats({ url: nats.url, name: 'a test', timeoutMs: 1_000 }),
    clock: systemClock,
    log: jsonLog({ level: 'debug', write: line => lines.push(line) }),
    quietMs: 0,
  })
  made.defer(() => reader.close())
  const leaving = new AbortController()
  made.defer(() => leaving.abort())
  const all = made.move()
  return {
    streams,
    consumers,
    /** How often it was made sure that nothing is missing while nothing came. */
    looked: () => lines.filter(line => line.includes('nothing-missed')).length,
    /** Each message is its number in the stream. */
    async publish(from: number, to: number, subject = 'numbers.a'): Promise<void> {
      for (let first = from; first <= to; first += 500) {
        const some = Array.from({ length: Math.min(500, to - first + 1) }, (_, at) => first + at)
        await Promise.all(some.map(number => client.publish(subject, String(number))))
      }
    },
    async read(subject = 'numbers.a'): Promise<AsyncIterator<SubjectMessage>> {
      const read = reader.read({ stream: 'NUMBERS', subject, after: undefined }, leaving.signal)
      return read[Symbol.asyncIterator]()
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Reads so many, or to the end that the reader comes to. */
async function take(messages: AsyncIterator<SubjectMessage>, count: number): Promise<unknown[]> {
  const taken: unknown[] = []
  try {
    while (taken.length < count) {
      const { done, value } = await messages.next()
      if (done === true) return [...taken, 'ended']
      taken.push(Number(value.text))
    }
  } catch (failure) {
    taken.push((failure as { code?: string }).code)
  }
  return taken
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

describeWithService('NATS', findNats(), command => {
  test('a slow reader is brought everything in order, and the stream is not gathered for it meanwhile', async () => {
    await using broker = await rig(command, 100_000)
    const messages = await broker.read()
    const first = take(messages, 1)
    const consumers = async () => (await broker.streams.info('NUMBERS')).state.consumer_count
    await until('it reads', async () => (await consumers()) === 1)
    await broker.publish(1, 2_000)
    expect(await first).toEqual([1])
    const delivered = async (): Promise<number> => {
      const [consumer] = await broker.consumers.list('NUMBERS').next()
      return consumer?.delivered.stream_seq ?? 0
    }
    await until('a part is read ahead', async () => (await delivered()) >= 50)
    await broker.publish(2_001, 3_000)
    expect(await delivered()).toBeLessThan(500)
    expect(await take(messages, 2_999)).toEqual(range(2, 3_000))
  })

  test('what a stream has deleted before a slow reader came to it is told, and not left out', async () => {
    await using broker = await rig(command, 300)
    const messages = await broker.read()
    const first = take(messages, 1)
    await until('it reads', async () => (await broker.streams.info('NUMBERS')).state.consumer_count === 1)
    await broker.publish(1, 1)
    expect(await first).toEqual([1])
    await broker.publish(2, 3_000)
    const taken = [1, ...(await take(messages, 3_000))]
    expect(taken.at(-1)).toBe('CURSOR_EXPIRED')
    expect(taken.slice(0, -1)).toEqual(range(1, taken.length - 1))
  })

  test('what is deleted while a lost consumer is made anew is told, and not left out', async () => {
    await using broker = await rig(command, 100_000)
    const messages = await broker.read()
    const first = take(messages, 3)
    await until('it reads', async () => (await broker.streams.info('NUMBERS')).state.consumer_count === 1)
    await broker.publish(1, 3)
    expect(await first).toEqual([1, 2, 3])
    const [consumer] = await broker.consumers.list('NUMBERS').next()
    await broker.consumers.delete('NUMBERS', consumer?.name ?? '')
    await broker.publish(4, 8)
    await broker.streams.purge('NUMBERS', { seq: 7 })
    expect(await take(messages, 5)).toEqual(['CURSOR_EXPIRED'])
  })

  test('messages of other subjects that are gone are no gap', async () => {
    await using broker = await rig(command, 100)
    const messages = await broker.read()
    const first = take(messages, 2)
    await until('it reads', async () => (await broker.streams.info('NUMBERS')).state.consumer_count === 1)
    await broker.publish(1, 1)
    let last = 1
    // Heartbeats come twice a second: the server says by each how far it has looked.
    for (let round = 0; round < 3; round++) {
      await broker.publish(last + 1, last + 80, 'numbers.b')
      last += 80
      await until('it was looked', async () => broker.looked() > round)
    }
    await broker.publish(last + 1, last + 1)
    expect(await first).toEqual([1, last + 1])
  })
})
