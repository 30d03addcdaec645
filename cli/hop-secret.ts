import { readFile } from 'node:fs/promises'
import { EnneadError } from '../kernel/errors.ts'
import { HopSigner } from '../kernel/hop-signer.ts'
import type { Log } from '../kernel/log.ts'
import { followFile } from './followed-file.ts'
import type { FollowFileOptions } from './followed-file.ts'
import type { Lifecycle } from './lifecycle.ts'

export interface FollowHopSecretsOptions extends Omit<FollowFileOptions, 'last'> {
  readonly log: Log
}

const secretBytesMin = 32

/** Secrets in base64url, separated by commas or line breaks. Undefined: one of them is none, or too short. */
export function parseHopSecrets(text: string): readonly Buffer[] | undefined {
  const words = text.split(/[\s,]+/).filter(word => word !== '')
  const secrets = words.map(word => Buffer.from(word, 'base64url'))
  const good =
    words.every(word => /^[\w-]+$/.test(word)) && secrets.every(each => each.length >= secretBytesMin)
  return good && secrets.length > 0 ? secrets : undefined
}

/** Where a process without a data folder has its secrets from. */
export interface HopSecretSettings {
  readonly hopSecret: string | undefined
  readonly hopSecretFile: string | undefined
}

/**
 * The signer a process without a data folder was given; undefined when it was given no secret. A file is followed.
 * Throws BAD_OPTION.
 */
export async function readHopSigner(
  settings: HopSecretSettings,
  lifecycle: Lifecycle,
  log: Log,
): Promise<HopSigner | undefined> {
  const secrets = await readHopSecrets(settings)
  if (secrets === undefined) return undefined
  const signer = new HopSigner(secrets)
  const { hopSecret, hopSecretFile } = settings
  if (hopSecret === undefined && hopSecretFile !== undefined) {
    lifecycle.add('hop secrets', followHopSecrets(hopSecretFile, signer, { log }))
  }
  return signer
}

/** The secrets of now, the one to sign with first; undefined when there are none. Throws BAD_OPTION. */
export async function readHopSecrets({
  hopSecret,
  hopSecretFile,
}: HopSecretSettings): Promise<readonly [Buffer, ...Buffer[]] | undefined> {
  if (hopSecret !== undefined) return secretsOf(hopSecret, '--hop-secret')
  if (hopSecretFile === undefined) return undefined
  const text = await readFile(hopSecretFile, 'utf8').catch((cause: unknown) => {
    throw new EnneadError('BAD_OPTION', `--hop-secret-file: ${hopSecretFile} cannot be read`, { cause })
  })
  return secretsOf(text, `--hop-secret-file: ${hopSecretFile}`)
}

/** Throws BAD_OPTION. @param named Where the text is from. */
export function secretsOf(text: string, named: string): readonly [Buffer, ...Buffer[]] {
  const [first, ...others] = parseHopSecrets(text) ?? []
  if (first !== undefined) return [first, ...others]
  throw new EnneadError(
    'BAD_OPTION',
    `${named} must hold secrets of at least ${secretBytesMin} bytes in base64url, the one to sign with first; make one: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`,
  )
}

/**
 * Has `signer` use what the file holds whenever that changes: the first secret signs, all are accepted. What cannot be used is
 * logged once, and the secrets of before stay. Answers how to stop.
 */
export function followHopSecrets(
  file: string,
  signer: HopSigner,
  { log, ...options }: FollowHopSecretsOptions,
): () => void {
  const { stop } = followFile(
    file,
    (text, before) => {
      const secrets = parseHopSecrets(text)
      if (secrets === undefined) log.error('hop.secrets-unusable', { file })
      else {
        signer.useSecrets(secrets)
        if (before !== undefined) log.info('hop.secrets-changed', { file, secrets: secrets.length })
      }
    },
    options,
  )
  return stop
}
