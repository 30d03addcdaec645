import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { demoEmail } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const query = '{ viewer { role } tasks(first: 3) { nodes { title viewerCan { update } } } }'

test(
  'signing keys are rotated under load: no request fails, and the published keys verify every token',
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder()
    const data = ['--data', folder.path]
    const unhurried = ['request', 'mutation', 'domain', 'attempt'].flatMap(what => [
      `--${what}-timeout-ms`,
      '30000',
    ])
    // Every request asks anew who its token is.
    await using running = await startEnnead([
      'start',
      '--port',
      '0',
      ...data,
      '--identity-life-ms',
      '0',
      ...unhurried,
    ])
    const tokenNow = async (): Promise<string> =>
      (await runEnnead(['token', '--user', demoEmail, ...data])).stdout.trim()
    const tokens = [await tokenNow()]
    const failures: string[] = []
    let answered = 0
    const stopping = new AbortController()
    const load = Array.from({ length: 4 }, async () => {
      while (!stopping.signal.aborted) {
        const token = tokens[answered % tokens.length] ?? ''
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
        const response = await fetch(running.url, {
          method: 'POST',
          headers,
          body: JSON.stringify({ query }),
        })
        const text = await response.text()
        if (text.includes('"errors"') || !text.includes('"role":"OWNER"')) failures.push(text)
        answered++
      }
    })
    try {
      for (let round = 1; round <= 3; round++) {
        const rotated = await runEnnead(['keys', 'rotate', ...data])
        expect(rotated).toMatchObject({ code: 0, stderr: '' })
        expect(rotated.stdout).toContain(`${round} older keys`)
        tokens.push(await tokenNow())
        const before = answered
        await expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThan(before + 20)
      }
    } finally {
      stopping.abort()
      await Promise.all(load)
    }
    expect(failures).toEqual([])
    // A fourth time within the life of a token would forget a key that is in use.
    const tooSoon = await runEnnead(['keys', 'rotate', ...data])
    expect(tooSoon).toMatchObject({ code: 1, stdout: '' })
    expect(tooSoon.stderr).toContain('rotate again in')
    const document = await fetch(new URL('/.well-known/jwks.json', running.url))
    expect(document.headers.get('cache-control')).toBe('public, max-age=300')
    expect(await document.text()).not.toContain('"d"')
    const published = createRemoteJWKSet(new URL('/.well-known/jwks.json', running.url))
    const kids = new Set<unknown>()
    for (const token of tokens) {
      const audience = { issuer: 'urn:ennead', audience: 'urn:ennead:api', typ: 'at+jwt' }
      kids.add((await jwtVerify(token, published, audience)).protectedHeader.kid)
    }
    expect(kids.size).toBe(4)
  },
)
