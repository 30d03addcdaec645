import { leaseLost } from '../../leadership/lease-lost.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { Cure, Inspected, StoreInspection } from '../../store-inspection.ts'
import type { RedisConnection } from './redis-connection.ts'
import { ageOf, valueOf } from './redis-value.ts'

/** Runs a script on the keys of the cache. */
type RunScript = (
  script: string,
  parts: readonly (string | number)[],
  signal: AbortSignal,
) => Promise<unknown>

/** The values of the records' hash, each held against its field and its version in front. */
export function inspectionOf(
  connection: RedisConnection,
  recordsKey: string,
  run: RunScript,
): StoreInspection {
  return {
    async look(after, limit, signal) {
      const [next, fields] = await connection.run(signal, client =>
        client.hscan(recordsKey, after === '' ? '0' : after, 'COUNT', limit),
      )
      const found: Inspected[] = []
      for (let index = 0; index + 1 < fields.length; index += 2) {
        found.push(inspected(fields[index] ?? '', fields[index + 1] ?? ''))
      }
      return { found, next: next === '0' ? undefined : next }
    },
    async mend(cures, signal, fence) {
      for (const cure of cures) {
        const answer = await run(mendScript, [...partsOf(cure), fence?.name ?? '', fence?.term ?? ''], signal)
        if (answer === 'late' && fence !== undefined) throw leaseLost('Redis', fence)
      }
    },
  }
}

function inspected(address: string, value: string): Inspected {
  const at = address.indexOf('/')
  // Fields are written as kind/id; a kind that is none is no record's.
  const key = { kind: address.slice(0, at) as RecordKind, id: address.slice(at + 1) }
  const bar = value.indexOf('|')
  const record = recordIn(value.slice(bar + 1))
  if (record === undefined || record.kind !== key.kind || record.id !== key.id) {
    return { key, record: undefined, seen: value, faults: ['value is not the record of its key'] }
  }
  const age = value.slice(0, bar)
  const wanted = ageOf(record)
  const faults = age === String(wanted) ? [] : [`value says version ${age}, the record says ${wanted}`]
  return { key, record, seen: value, faults }
}

function recordIn(text: string): StoredRecord | undefined {
  try {
    return JSON.parse(text) as StoredRecord
  } catch {
    return undefined
  }
}

function partsOf({ key, seen, record }: Cure): readonly string[] {
  const value = record === undefined ? '' : valueOf(record)
  return [`${key.kind}/${key.id}`, typeof seen === 'string' ? seen : '', value]
}

/**
 * KEYS as in redis-scripts.ts. ARGV: kind/id, the value as it was seen ('': none), the value it shall have ('': none), the lease it is done
 * under ('': none) and its term. The last term of each lease is in the head, and is lost only with everything else.
 */
const mendScript = `
local head = redis.call('HMGET', KEYS[1], 'seq')
if not head[1] then return 0 end
if ARGV[4] ~= '' then
  local term = redis.call('HGET', KEYS[1], 'term of ' .. ARGV[4])
  if term and tonumber(term) > tonumber(ARGV[5]) then return 'late' end
  redis.call('HSET', KEYS[1], 'term of ' .. ARGV[4], ARGV[5])
end
local held = redis.call('HGET', KEYS[2], ARGV[1]) or ''
if held ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[3], 'NX', head[1], ARGV[1])
end
redis.call('HSET', KEYS[1], 'records', redis.call('HLEN', KEYS[2]))
return 1
`
