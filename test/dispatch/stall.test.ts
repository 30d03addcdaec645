import { Worker } from 'node:worker_threads'
import { once as event } from 'node:events'
import { expect, test } from 'vitest'
import { createDispatcher } from '../../dispatch/dispatcher.ts'
import type { TestPort } from './desk.ts'

/** A thread that answers every message at once, whatever the main thread does. */
const echo = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', m => parentPort.postMessage(m))`

test('200 answers that arrived while our own event loop stood still for 300 ms are 200 good answers', async () => {
  const worker = new Worker(echo, { eval: true })
  try {
    const waiting = new Map<string, (answer: string) => void>()
    worker.on('message', (name: string) => waiting.get(name)?.(name))
    worker.postMessage('warm up', [])
    await event(worker, 'message')
    const stalls: number[] = []
    const dispatcher = createDispatcher<TestPort>({
      domain: 'test',
      agentRunningMax: 1_000,
      agents: [
        {
          name: 'echo',
          detail: 'another thread',
          operations: {
            read: name =>
              new Promise(resolve => {
                waiting.set(name, resolve)
                worker.postMessage(name, [])
              }),
          },
        },
      ],
      observe: event => void (event.is === 'stalled' && stalls.push(event.lateMs)),
    })
    // From here the loop looks at timers before it reads messages, as it does after most stalls.
    await new Promise(resolve => setImmediate(resolve))
    const names = Array.from({ length: 200 }, (_, index) => `${index}`)
    const calls = names.map(name => dispatcher.call('read', name))
    const until = performance.now() + 300
    while (performance.now() < until) continue
    expect(await Promise.all(calls)).toEqual(names)
    expect(stalls.length).toBeGreaterThan(0)
    dispatcher.close()
  } finally {
    await worker.terminate()
  }
})
