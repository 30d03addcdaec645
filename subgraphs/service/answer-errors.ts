import { randomUUID } from 'node:crypto'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'

/** Brings one error of an answer into the form a caller may see. */
export type ErrorFormat = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError

/**
 * Errors as callers see them. Ours keep message, code and facts; GraphQL's own and Apollo's keep their codes; every
 * other one is masked: "Internal error", INTERNAL and an errorId under which the log has it whole.
 */
export function errorFormat(log: Log, newErrorId: () => string = randomUUID): ErrorFormat {
  return (formatted, error) => {
    const cause = innermost(error)
    const place = placeOf(formatted)
    if (cause instanceof EnneadError) {
      if (cause.kind !== 'caller' && cause.kind !== 'cancelled') {
        log.warn('subgraph.answer.failed', { code: cause.code, path: formatted.path, error: cause })
      }
      return { message: cause.message, ...place, extensions: { ...cause.facts, code: cause.code } }
    }
    const code = ownCode(formatted, cause)
    if (code !== undefined) return { message: formatted.message, ...place, extensions: { code } }
    const errorId = newErrorId()
    log.error('subgraph.answer.fault', { errorId, path: formatted.path, error: cause })
    return { message: 'Internal error', ...place, extensions: { code: 'INTERNAL', errorId } }
  }
}

function innermost(error: unknown): unknown {
  let inner = error
  // GraphQL wraps at most a few times; the bound only keeps a forged loop from holding us.
  for (let depth = 0; depth < 10; depth++) {
    if (!(inner instanceof GraphQLError) || inner.originalError === undefined) return inner
    inner = inner.originalError
  }
  return inner
}

/** The code of an error that GraphQL or Apollo made on purpose; undefined: not meant for callers. */
function ownCode(formatted: GraphQLFormattedError, cause: unknown): string | undefined {
  const code = formatted.extensions?.['code']
  const coded = typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR' ? code : undefined
  // Without a path no resolver was involved: syntax, validation, variables.
  if (formatted.path === undefined) return coded
  if (!(cause instanceof GraphQLError)) return undefined
  return coded ?? (cause.message.startsWith('Argument "') ? 'BAD_USER_INPUT' : undefined)
}

function placeOf(formatted: GraphQLFormattedError): Pick<GraphQLFormattedError, 'path' | 'locations'> {
  return {
    ...(formatted.path === undefined ? {} : { path: formatted.path }),
    ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
  }
}
