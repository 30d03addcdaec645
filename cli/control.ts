import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { chmod, rm } from 'node:fs/promises'
import { EnneadError, errorDefinitions, type ErrorCode } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'

/** Longest body of a control request or answer: a page of the longest records there are. */
const bodyBytesMax = 64 * 1024 * 1024

/** Answered by every process: the names of its commands. */
export const commandList = 'commands'

/** What a running process does for the command line, by name; input and answer are JSON. */
export type ControlHandlers = ReadonlyMap<
  string,
  (input: Readonly<Record<string, unknown>>) => Promise<unknown>
>

/**
 * Serves the commands of the command line on a unix socket in the data folder. Who may open the socket (its folder is
 * 0700) owns the data anyway: that is the authorisation.
 */
export async function serveControl(
  path: string,
  handlers: ControlHandlers,
  log: Log,
): Promise<AsyncDisposable> {
  await rm(path, { force: true }) // Left behind by a killed process; the folder's lock says that none is alive.
  const server = createServer((request, response) => {
    answer(request, response, handlers).catch((failure: unknown) => {
      log.warn('control.failed', { failure })
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  server.unref()
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
): Promise<void> {
  const name = (request.url ?? '').slice(1)
  const handler = name === commandList ? async () => [...handlers.keys()] : handlers.get(name)
  try {
    if (request.method !== 'POST' || handler === undefined) {
      throw new EnneadError('NOT_FOUND', `there is no control command ${JSON.stringify(request.url)}`)
    }
    const input: unknown = JSON.parse((await readBody(request)) || '{}')
    // Only our own command line writes here; handlers check each value they use.
    send(response, 200, { answer: await handler(input as Readonly<Record<string, unknown>>) })
  } catch (failure) {
    const { code, facts } = failure instanceof EnneadError ? failure : { code: 'INTERNAL', facts: {} }
    const message = failure instanceof Error ? failure.message : String(failure)
    send(response, 400, { code, message, facts })
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > bodyBytesMax) throw new EnneadError('BODY_TOO_LARGE', `more than ${bodyBytesMax} bytes`)
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Asks the process that runs on a data folder. Throws NOT_RUNNING when there is none, else what the handler threw. */
export function askControl(path: string, folder: string, name: string, input: unknown): Promise<unknown> {
  const way = `start it with: ennead start --data ${folder}`
  return askSocket(path, `no Ennead runs on the data folder ${folder}; ${way}`, name, input)
}

/** Asks the process that listens at `path`. Throws NOT_RUNNING with the text `nobody` when there is none, else what the handler threw. */
export async function askSocket(
  path: string,
  nobody: string,
  name: string,
  input: unknown,
): Promise<unknown> {
  const [status, text] = await new Promise<[number, string]>((resolve, reject) => {
    const request = httpRequest({ socketPath: path, path: `/${name}`, method: 'POST' }, response => {
      readBody(response).then(body => resolve([response.statusCode ?? 0, body]), reject)
    })
    request.once('error', cause => reject(new EnneadError('NOT_RUNNING', nobody, { cause })))
    request.end(JSON.stringify(input))
  })
  // Written by `answer` above.
  const body = JSON.parse(text) as {
    answer?: unknown
    code?: string
    message?: string
    facts?: Readonly<Record<string, unknown>>
  }
  if (status === 200) return body.answer
  throw new EnneadError(
    isErrorCode(body.code) ? body.code : 'INTERNAL',
    body.message ?? 'the running process refused',
    body.facts === undefined ? {} : { facts: body.facts },
  )
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(errorDefinitions, code)
}
