import { createHmac } from 'node:crypto'

/** The key that signs cursors of events, made from a secret of the deployment, which itself signs something else. */
export function cursorKeyOf(secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update('event cursors').digest()
}
