import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../kernel/clock.ts'
import type { SubgraphResponseError } from '../subgraph.ts'

/** Longest answer that is read, bytes, and how long it is waited for, milliseconds. */
const bytesMax = 65_536
const waitMs = 1_000

/**
 * Why a subgraph refused to open a WebSocket, as the errors of an answer: those it said, or what its status means. Undefined: it
 * did not refuse whoever asks, something else is wrong.
 */
export async function refusedUpgrade(
  response: IncomingMessage,
  subgraph: string,
  clock: Clock,
): Promise<readonly SubgraphResponseError[] | undefined> {
  const { statusCode } = response
  const code = statusCode === 401 ? 'UNAUTHENTICATED' : statusCode === 403 ? 'FORBIDDEN' : undefined
  if (code === undefined) return undefined
  const said = errorsIn(await textOf(response, clock))
  if (said !== undefined) return said
  const message = `subgraph "${subgraph}" refuses this subscription with status ${statusCode}`
  return [{ message, extensions: { code } }]
}

/** As much as comes in time. */
function textOf(response: IncomingMessage, clock: Clock): Promise<string> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let bytes = 0
    const end = (): void => {
      timer.cancel()
      resolve(Buffer.concat(parts).toString())
    }
    const timer = clock.after(waitMs, end)
    response.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= bytesMax) parts.push(part)
      else end()
    })
    response.once('end', end).once('error', end).once('close', end)
  })
}

function errorsIn(text: string): readonly SubgraphResponseError[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Many servers refuse with a page, or with nothing.
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('errors' in value)) return undefined
  const { errors } = value
  // What is in an error is checked where it is shown (../subgraph-errors.ts).
  return Array.isArray(errors) && errors.length > 0 ? (errors as readonly SubgraphResponseError[]) : undefined
}
