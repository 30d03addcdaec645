import type { Dispatcher } from 'undici'
import { EnneadError } from '../../kernel/errors.ts'
import type { SubgraphResponse } from './subgraph.ts'

/**
 * Reads a GraphQL response. A body that is GraphQL counts whatever the status; redirects are refused, since what a
 * request carries is meant for one host. Rejects with SUBGRAPH_BAD_ANSWER, SUBGRAPH_ANSWER_TOO_LARGE or
 * SUBGRAPH_UNREACHABLE; a body that is not wanted is not read to its end.
 */
export async function readAnswer(
  response: Dispatcher.ResponseData,
  subgraph: string,
  bytesMax: number,
): Promise<SubgraphResponse> {
  const { statusCode, headers, body } = response
  const refuse = (problem: string): EnneadError => {
    // Ends the transfer with its connection; there may be gigabytes to come. An aborted body emits an error.
    body.on('error', () => undefined)
    body.destroy()
    return new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${subgraph}" answered ${problem}`, {
      facts: { status: statusCode },
    })
  }
  if (statusCode >= 300 && statusCode < 400) throw refuse('with a redirect, which is not followed')
  const type = single(headers['content-type']).split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json' && type !== 'application/graphql-response+json') {
    throw refuse(`with status ${statusCode} and something that is not JSON`)
  }
  const encoding = single(headers['content-encoding'])
  if (encoding !== '' && encoding !== 'identity') throw refuse('in an encoding it was not asked for')
  if (Number(single(headers['content-length'])) > bytesMax) {
    refuse('too much')
    throw tooLarge(subgraph, bytesMax)
  }
  return parsed(await readBody(body, subgraph, bytesMax), statusCode, subgraph)
}

async function readBody(
  body: Dispatcher.ResponseData['body'],
  subgraph: string,
  bytesMax: number,
): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      // undici bodies are byte streams unless told otherwise.
      const buffer = chunk as Buffer
      bytes += buffer.length
      if (bytes > bytesMax) throw tooLarge(subgraph, bytesMax)
      chunks.push(buffer)
    }
  } catch (failure) {
    if (failure instanceof EnneadError) throw failure
    const message = `the connection to subgraph "${subgraph}" broke within its answer`
    throw new EnneadError('SUBGRAPH_UNREACHABLE', message, { cause: failure })
  }
  return Buffer.concat(chunks, bytes).toString()
}

function parsed(text: string, status: number, subgraph: string): SubgraphResponse {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (failure) {
    throw new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${subgraph}" answered text that is not JSON`, {
      cause: failure,
      facts: { status },
    })
  }
  if (typeof value === 'object' && value !== null && ('data' in value || 'errors' in value)) {
    // Nothing more is promised of a SubgraphResponse than what was just looked at.
    return value as SubgraphResponse
  }
  throw new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${subgraph}" answered JSON that is not GraphQL`, {
    facts: { status },
  })
}

function tooLarge(subgraph: string, bytesMax: number): EnneadError {
  const message = `subgraph "${subgraph}" answered more than ${bytesMax} bytes`
  return new EnneadError('SUBGRAPH_ANSWER_TOO_LARGE', message, { facts: { limit: bytesMax } })
}

function single(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '')
}
