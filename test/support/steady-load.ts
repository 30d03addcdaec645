import { Pool } from 'undici'

/** Clients that ask one query over kept-alive connections, again and again, until `stop`. */
export interface SteadyLoad {
  /** Answers so far, good or not. */
  readonly count: number
  /** Ends the load; resolves with every answer that was not `expected`, at most 20. */
  stop(): Promise<readonly string[]>
}

export function steadyLoad(url: string, query: string, expected: string, clients = 8): SteadyLoad {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: clients })
  const failures: string[] = []
  let count = 0
  const stopping = new AbortController()
  const client = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const told = await askOnce(pool, pathname, query).catch((failure: unknown) => String(failure))
      count++
      if (told !== expected && failures.length < 20) failures.push(told)
    }
  }
  const running = Array.from({ length: clients }, client)
  return {
    get count() {
      return count
    },
    async stop() {
      stopping.abort()
      await Promise.all(running)
      await pool.close()
      return failures
    },
  }
}

async function askOnce(pool: Pool, path: string, query: string): Promise<string> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  return `${statusCode} ${await body.text()}`
}
