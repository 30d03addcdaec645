import { randomUUID } from 'node:crypto'

/** A client's own request id is kept when it is 1 to 128 characters that are harmless in headers, logs and URLs. */
const acceptable = /^[A-Za-z0-9._:@=+/-]{1,128}$/

export function requestIdOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && acceptable.test(header) ? header : flat(randomUUID())
}

/** V8 keeps what was joined from pieces as its pieces, half a kilobyte of them, for as long as a socket has its id. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
