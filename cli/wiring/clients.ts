import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import type { RateLimitOptions } from '../../gateway/admission/rate-limits.ts'
import { readManifest } from '../../gateway/admission/stored-documents.ts'
import type { StoredDocumentOptions } from '../../gateway/admission/stored-documents.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { clientSettings } from '../client-settings.ts'
import type { Lifecycle } from '../lifecycle.ts'

type ClientSettings = SettingsOf<typeof clientSettings>

/** How long a gateway waits for Redis before it counts by itself, milliseconds. */
const redisTimeoutMs = 250

/** What the settings say of limits of rate. Throws BAD_OPTION. */
export function rateLimitOptions(settings: ClientSettings, lifecycle: Lifecycle): RateLimitOptions {
  const perField = new Map(settings.ratePerField.map(parsedField))
  const options = {
    windowMs: settings.rateWindowMs,
    perAddress: settings.ratePerAddress,
    perPrincipal: settings.ratePerPrincipal,
    costPerClient: settings.rateCostPerClient,
    perField,
  }
  if (settings.rateRedisUrl === undefined) return options
  const redis = new Redis(settings.rateRedisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
    commandTimeout: redisTimeoutMs,
    retryStrategy: attempt => Math.min(100 * attempt, 2_000),
  })
  // RateLimits tells of it once; every attempt to connect is an error here.
  redis.on('error', () => undefined)
  lifecycle.add('redis of rate limits', () => Promise.resolve(redis.disconnect()))
  return { ...options, redis }
}

/** What the settings say of documents that clients name. Throws BAD_OPTION. */
export async function documentOptions(settings: ClientSettings): Promise<StoredDocumentOptions> {
  const { trustedDocuments: file, trustedOnly, apq, apqEntriesMax, apqBytesMax } = settings
  const options = { trustedOnly, automatic: apq, entriesMax: apqEntriesMax, bytesMax: apqBytesMax }
  if (file === undefined) return options
  try {
    return { ...options, trusted: readManifest(await readFile(file, 'utf8'), file) }
  } catch (cause) {
    if (cause instanceof EnneadError) throw cause
    throw new EnneadError('BAD_OPTION', `--trusted-documents: ${file} cannot be read`, { cause })
  }
}

function parsedField(text: string): [string, number] {
  const [, field, limit] = /^((?:\w+)\.\w+)=(\d{1,9})$/.exec(text) ?? []
  if (field === undefined || limit === undefined || limit === '0') {
    throw new EnneadError(
      'BAD_OPTION',
      `--rate-per-field must be like Mutation.signIn=5, got ${JSON.stringify(text)}`,
    )
  }
  return [field, Number(limit)]
}
