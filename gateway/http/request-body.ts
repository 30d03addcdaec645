import type { IncomingMessage } from 'node:http'
import { EnneadError } from '../../kernel/errors.ts'

/**
 * The whole body as text. Throws BODY_TOO_LARGE as soon as it is known to be larger than `bytesMax`, BAD_REQUEST when it
 * is not UTF-8, and CANCELLED when the client leaves. How slowly it may arrive is the server's `receiveTimeoutMs`.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > bytesMax) return Promise.reject(tooLarge(bytesMax))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = (settle: () => void): void => {
      request.off('data', take).off('end', end).off('error', fail).off('close', fail)
      settle()
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > bytesMax) finish(() => reject(tooLarge(bytesMax)))
      else chunks.push(chunk)
    }
    const end = (): void =>
      finish(() => {
        try {
          resolve(decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
        } catch (cause) {
          reject(new EnneadError('BAD_REQUEST', 'the body must be UTF-8', { cause }))
        }
      })
    const fail = (cause?: Error): void =>
      finish(() => reject(new EnneadError('CANCELLED', 'the body did not arrive completely', { cause })))
    request.on('data', take).on('end', end).on('error', fail).on('close', fail)
  })
}

// Fatal: bytes that are not UTF-8 are refused instead of becoming other text.
const decoder = new TextDecoder('utf-8', { fatal: true })

function tooLarge(bytesMax: number): EnneadError {
  return new EnneadError('BODY_TOO_LARGE', `the body must not be larger than ${bytesMax} bytes`, {
    facts: { limit: bytesMax },
  })
}
