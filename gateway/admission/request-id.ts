import { randomUUID } from 'node:crypto'
import { flatText } from '../../kernel/flat-text.ts'

/** A client's own request id is kept when it is 1 to 128 characters that are harmless in headers, logs and URLs. */
const acceptable = /^[A-Za-z0-9._:@=+/-]{1,128}$/

export function requestIdOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && acceptable.test(header) ? header : flatText(randomUUID())
}
