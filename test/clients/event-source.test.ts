import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeWithService } from '../services/availability.ts'
import { findChromium } from '../services/chromium.ts'
import { streamGateway } from '../support/stream-gateway.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

describeWithService('Chromium', findChromium(), executablePath => {
  test("a browser's EventSource follows a subscription, and comes back by itself behind the last event", async () => {
    await using gateway = await streamGateway()
    await using browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    const page = await browser.newPage()
    await using proxy = await openTcpProxy('127.0.0.1', gateway.server.address.port)
    await page.goto(`http://127.0.0.1:${proxy.port}/health/live`)
    const seen: number[] = []
    await page.exposeFunction('saw', (seq: number) => void seen.push(seq))
    const query = encodeURIComponent('subscription { taskEvents { seq } }')
    await page.evaluate(`
      const source = new EventSource('/graphql?query=${query}')
      source.addEventListener('next', ({ data }) => saw(JSON.parse(data).data.taskEvents.seq))
      source.addEventListener('complete', () => { source.close(); saw(-1) })
    `)
    await until('it reads', () => gateway.topic.readers === 1)
    for (let event = 0; event < 3; event++) gateway.topic.publish('x')
    await until('three events are here', () => seen.length === 3)
    // The browser waits as long as it was told to.
    proxy.reset()
    for (let event = 0; event < 3; event++) gateway.topic.publish('y')
    await until('it has come back', () => seen.length === 6, 20_000)
    gateway.topic.end()
    await until('it has ended', () => seen.at(-1) === -1)
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, -1])
  })
})
