import { Client } from 'undici'

export interface Load {
  readonly requests: number
  /** Requests that were not answered with 200 and an answer of the expected length. */
  readonly failed: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

export interface LoadOptions {
  readonly port: number
  readonly body: string
  readonly unique: boolean
  readonly connections: number
  readonly seconds: number
  /** Goes on until this many were answered, for four times as long at most. Default 0. */
  readonly requestsMin?: number
  /** Credentials to ask with, in turn. Default: as `unique` says. */
  readonly credentials?: readonly string[]
}

let tokens = 0

/** The headers of one client's request; `unique` gives every request a credential of its own. */
export function requestHeaders(unique: boolean, credentials: readonly string[] = []): Record<string, string> {
  const own = credentials[++tokens % credentials.length]
  const token = own ?? (unique ? `token-${tokens}` : 'token-of-everybody')
  return { 'content-type': 'application/json', authorization: `Bearer ${token}` }
}

/** Asks on `connections` connections, each again as soon as it is answered: as much as the gateway takes. */
export async function load(options: LoadOptions): Promise<Load> {
  const { port, connections, seconds, requestsMin = 0 } = options
  const latencies: number[] = []
  let failed = 0
  let bytes: number | undefined
  const startedAt = performance.now()
  const until = startedAt + seconds * 1_000
  const goesOn = (): boolean => {
    const now = performance.now()
    return now < until || (latencies.length < requestsMin && now < until + 3_000 * seconds)
  }
  const work = async (): Promise<void> => {
    const client = new Client(`http://127.0.0.1:${port}`, { headersTimeout: 120_000, bodyTimeout: 120_000 })
    while (goesOn()) {
      const askedAt = performance.now()
      const got = await ask(client, options)
      latencies.push(performance.now() - askedAt)
      bytes ??= got.bytes
      if (got.status !== 200 || got.bytes !== bytes) failed++
    }
    await client.destroy()
  }
  await Promise.all(Array.from({ length: connections }, work))
  latencies.sort((left, right) => left - right)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return {
    requests: latencies.length,
    failed,
    seconds: (performance.now() - startedAt) / 1_000,
    p50: at(0.5),
    p99: at(0.99),
  }
}

function ask(
  client: Client,
  { body, unique, credentials }: LoadOptions,
): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    let status = 0
    let bytes = 0
    client.dispatch(
      { path: '/graphql', method: 'POST', headers: requestHeaders(unique, credentials), body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, code) => void (status = code),
        onResponseData: (_, chunk) => void (bytes += chunk.length),
        onResponseEnd: () => resolve({ status, bytes }),
        onResponseError: (_, failure) => reject(failure),
      },
    )
  })
}
