import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EnneadError } from './errors.ts'
import type { Log } from './log.ts'

/** What there is to scrape. */
export interface MetricsText {
  /** In the form that `contentType` names. */
  metrics(): Promise<string>
  readonly contentType: string
}

export interface MetricsServer extends AsyncDisposable {
  /** e.g. `http://localhost:9464/metrics` */
  readonly url: string
}

/** Time for a whole request to arrive, milliseconds. */
const receiveTimeoutMs = 5_000
/** Scrapers are few. */
const connectionsMax = 100

/**
 * Serves GET /metrics on an address of its own, so that what clients can reach shows nothing of it. Rejects with PORT_TAKEN
 * or BAD_OPTION.
 */
export async function serveMetrics(
  address: { readonly host: string; readonly port: number },
  text: MetricsText,
  log: Log,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: receiveTimeoutMs, headersTimeout: receiveTimeoutMs })
  server.maxConnections = connectionsMax
  server.on('request', (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') return refuse(response, 404)
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405)
    text.metrics().then(
      body => response.writeHead(200, { 'content-type': text.contentType }).end(body),
      (failure: unknown) => {
        log.error('metrics.failed', { failure })
        refuse(response, 500)
      },
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${address.host}:${address.port}`
      const taken = cause.code === 'EADDRINUSE'
      const message = taken
        ? `the metrics port ${where} is in use; choose another with --metrics-port`
        : `cannot serve metrics on ${where} (${cause.code})`
      reject(new EnneadError(taken ? 'PORT_TAKEN' : 'BAD_OPTION', message, { cause }))
    })
    server.listen(address.port, address.host, resolve)
  })
  // Metrics alone keep no process alive.
  server.unref()
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${address.host}:${port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end()
}
