import { randomBytes } from 'node:crypto'
import { idPrefixes } from '../../../kernel/global-id.ts'

/** What a program sends as its bearer token: `ennead_key_<id>_<secret>`. The beginning lets scanners find lost ones. */
export interface ApiKeyText {
  /** Global id of the key. */
  readonly id: string
  /** 256 bits; the stores hold its hash. */
  readonly secret: string
}

const form = /^ennead_key_([0-9a-z]{26})_([\w-]{43})$/
const length = 'ennead_key__'.length + 26 + 43

export function newKeySecret(): string {
  return randomBytes(32).toString('base64url')
}

export function writeApiKey({ id, secret }: ApiKeyText): string {
  return `${prefixOf(id)}_${secret}`
}

/** The part that may be shown: it tells keys apart and opens nothing. */
export function prefixOf(id: string): string {
  return `ennead_key_${id.slice(idPrefixes.ApiKey.length + 1)}`
}

/** The parts of an API key; undefined: the credential is something else. */
export function readApiKey(credential: string): ApiKeyText | undefined {
  const [, id, secret] = (credential.length === length && form.exec(credential)) || []
  if (id === undefined || secret === undefined) return undefined
  return { id: `${idPrefixes.ApiKey}_${id}`, secret }
}

/** Is it meant to be an API key, whether or not it is one? */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith('ennead_key_')
}
