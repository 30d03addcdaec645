import { readFile } from 'node:fs/promises'
import { EnneadError } from '../kernel/errors.ts'
import { HopSigner } from '../kernel/hop.ts'

/** The signer a process without a data folder was given; undefined when it was given no secret. Throws BAD_OPTION. */
export async function readHopSigner(settings: {
  readonly hopSecret: string | undefined
  readonly hopSecretFile: string | undefined
}): Promise<HopSigner | undefined> {
  const text = settings.hopSecret ?? (await readSecretFile(settings.hopSecretFile))
  return text === undefined ? undefined : new HopSigner(Buffer.from(text.trim(), 'base64url'))
}

async function readSecretFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new EnneadError('BAD_OPTION', `--hop-secret-file: ${path} cannot be read`, { cause })
  }
}
