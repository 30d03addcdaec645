import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { demoGateway } from '../support/demo-gateway.ts'
import type { DemoGateway } from '../support/demo-gateway.ts'
import { until } from '../support/until.ts'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const missing = !existsSync(executablePath)
if (missing && process.env['CI'] !== 'true') {
  process.stderr.write(`no browser at ${executablePath} (CHROMIUM=…): the GraphiQL browser test is skipped\n`)
}

test('GraphiQL is served to browsers only, with a policy that names no other host', async () => {
  await using gateway = await demoGateway()
  const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = page.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/https?:|\*/)
  expect(await page.text()).not.toMatch(/(src|href)="(https?:)?\/\//)
  await using without = await demoGateway({ graphiql: false })
  expect((await fetch(without.url, { headers: { accept: 'text/html, */*' } })).status).toBe(400)
})

test("GraphiQL's files are compressed, and not sent again to a browser that has them", async () => {
  await using gateway = await demoGateway()
  const file = `${gateway.url}/graphiql.js`
  const first = await fetch(file)
  expect(first.headers.get('content-encoding')).toBe('gzip')
  expect((await first.text()).length).toBeGreaterThan(1_000_000)
  const etag = first.headers.get('etag') ?? ''
  expect((await fetch(file, { headers: { 'if-none-match': etag } })).status).toBe(304)
  const plain = await fetch(`${gateway.url}/graphiql.css`, { headers: { 'accept-encoding': 'identity' } })
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(await plain.text()).toContain('.monaco')
  expect((await fetch(`${gateway.url}/graphiql-nothing.js`)).status).toBe(404)
})

test('a text for the first tab cannot break out of the page', async () => {
  await using gateway = await demoGateway({ graphiqlQuery: '# </script><script>alert(1)</script>' })
  const page = await (await fetch(gateway.url, { headers: { accept: 'text/html' } })).text()
  expect(page).not.toContain('<script>alert')
})

describe.skipIf(missing && process.env['CI'] !== 'true')('in a browser without any other network', () => {
  let browser: Browser
  let gateway: DemoGateway
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    gateway = await demoGateway()
  })
  afterAll(async () => {
    await browser.close()
    await gateway[Symbol.asyncDispose]()
  })

  test('GraphiQL runs a query with a token and follows a subscription', async () => {
    const { page, foreign, faults } = await openPage(browser, gateway.url)
    await page.goto(gateway.url)
    const run = page.getByRole('button', { name: /execute query/i })
    await run.waitFor()
    expect(await page.title()).toBe('Ennead')

    await page.getByRole('button', { name: 'Headers', exact: true }).click()
    await write(page, '[aria-label="Headers"] .monaco-editor', '{ "Authorization": "Bearer alice" }')
    await write(page, '[aria-label="Operation Editor"] .monaco-editor', 'query Greet { viewer hello }')
    // The editor reads what was written a moment later, and names the tab after it.
    await page.getByRole('tab', { name: 'Greet' }).waitFor()
    await run.click()
    const result = page.locator('.result-window')
    await until('the answer is shown', async () =>
      shown(await result.textContent()).includes('"viewer":"alice"'),
    )

    await write(
      page,
      '[aria-label="Operation Editor"] .monaco-editor',
      'subscription Follow { events { text viewer } }',
    )
    await page.getByRole('tab', { name: 'Follow' }).waitFor()
    await run.click()
    await until('the subscription reads', () => gateway.topic.readers === 1)
    gateway.topic.publish('seen in a browser')
    await until('the event is shown', async () => {
      const text = shown(await result.textContent())
      return text.includes('"text":"seeninabrowser"') && text.includes('"viewer":"alice"')
    })
    await page.getByRole('button', { name: /stop query/i }).click()
    await until('stopping lets go of the source', () => gateway.topic.readers === 0)

    expect(foreign).toEqual([])
    expect(faults).toEqual([])
  })

  test('GraphiQL shows what is wrong with the schemas as text, and stops when it is put right', async () => {
    let problems: string | undefined = 'error X\n  <img src="//evil.example/x"> 3 | b: Nope'
    await using developing = await demoGateway({ problems: () => problems })
    const { page, foreign, faults } = await openPage(browser, developing.url)
    await page.goto(developing.url)
    const panel = page.locator('#problems')
    await panel.waitFor({ state: 'visible' })
    expect(await panel.textContent()).toBe(problems)
    problems = undefined
    await panel.waitFor({ state: 'hidden' })
    expect(foreign).toEqual([])
    expect(faults).toEqual([])
  })
})

test('a gateway that was not asked to show problems has no such address', async () => {
  await using gateway = await demoGateway()
  expect((await fetch(`${gateway.url}/problems`)).status).toBe(404)
  const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
  expect(await page.text()).not.toContain('graphiql-problems')
})

async function openPage(browser: Browser, url: string) {
  const page = await (await browser.newContext({ acceptDownloads: false })).newPage()
  const foreign: string[] = []
  const faults: string[] = []
  const { host } = new URL(url)
  await page.route('**/*', route => {
    const target = new URL(route.request().url())
    if (target.host === host || target.protocol === 'data:' || target.protocol === 'blob:')
      return route.continue()
    foreign.push(target.href)
    return route.abort()
  })
  page.on('pageerror', failure => faults.push(failure.message))
  page.on('console', message => {
    if (message.type() === 'error') faults.push(message.text())
  })
  return { page, foreign, faults }
}

/** Replaces the whole text of an editor, by keyboard as a person does. */
async function write(page: Page, editor: string, text: string): Promise<void> {
  await page.locator(`${editor}:visible`).first().click()
  await page.keyboard.press('Control+A')
  await page.keyboard.press('Delete')
  await page.keyboard.insertText(text)
}

/** The editor shows spaces as it likes. */
function shown(text: string | null): string {
  return (text ?? '').replaceAll(/[\s\u00a0]/g, '')
}
