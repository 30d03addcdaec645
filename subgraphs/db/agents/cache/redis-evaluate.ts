import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Runs a script by its hash, and whole when Redis does not know it (yet, or after a restart). */
export async function evaluate(
  client: Redis,
  script: string,
  keys: readonly string[],
  parts: readonly (string | number)[],
): Promise<unknown> {
  const hash = hashOf(script)
  try {
    return await client.evalsha(hash, keys.length, ...keys, ...parts)
  } catch (failure) {
    if (!(failure instanceof Error) || !failure.message.startsWith('NOSCRIPT')) throw failure
    return client.eval(script, keys.length, ...keys, ...parts)
  }
}

const hashes = new Map<string, string>()

function hashOf(script: string): string {
  let hash = hashes.get(script)
  if (hash === undefined) {
    hash = createHash('sha1').update(script).digest('hex')
    hashes.set(script, hash)
  }
  return hash
}
