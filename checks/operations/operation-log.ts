import type { LogEntry } from '../../gateway/recording/log-entry.ts'
import type { OperationCollection } from './operation-collection.ts'
import type { Traffic } from './recorded-operation.ts'

interface Seen {
  readonly text: string
  readonly line: number
  readonly traffic: Map<string, Traffic>
}

/** Reads one file of the gateway's operation log. A line that cannot be read is told and left out. */
export function readOperationLog(collection: OperationCollection, text: string, file: string): void {
  const seen = new Map<string, Seen>()
  const lines = text.split('\n')
  // The last one is empty, or still being written.
  for (const [index, line] of lines.slice(0, -1).entries()) {
    const entry = line === '' ? undefined : entryOf(line)
    if (entry === undefined) {
      if (line !== '') collection.notice('this line of the operation log cannot be read', file, index + 1)
    } else if (entry.entry === 'document') {
      if (!seen.has(entry.id)) seen.set(entry.id, { text: entry.text, line: index + 1, traffic: new Map() })
    } else if (entry.entry === 'omitted') collection.omit(entry.requests)
    else {
      const operation = seen.get(entry.id)
      if (operation === undefined)
        collection.notice(
          `this line counts an operation that the file does not have before it`,
          file,
          index + 1,
        )
      else count(operation, entry)
    }
  }
  for (const [id, { text: document, line, traffic }] of seen)
    collection.addDocument({ id, text: document, file, line, traffic: [...traffic.values()] })
}

function count({ traffic }: Seen, entry: Extract<LogEntry, { entry: 'count' }>): void {
  const key = JSON.stringify([entry.client, entry.version])
  const before = traffic.get(key)
  traffic.set(key, {
    client: entry.client,
    version: entry.version,
    requests: (before?.requests ?? 0) + entry.requests,
    lastSeenMs: Math.max(before?.lastSeenMs ?? 0, Date.parse(entry.until)),
  })
}

function entryOf(line: string): LogEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return isEntry(entry) ? entry : undefined
  } catch {
    return undefined
  }
}

function isEntry(value: unknown): value is LogEntry {
  if (typeof value !== 'object' || value === null || !('entry' in value)) return false
  const given: Readonly<Record<string, unknown>> = { ...value }
  const counted = Number.isSafeInteger(given['requests']) && Number(given['requests']) >= 0
  switch (given['entry']) {
    case 'document':
      return typeof given['id'] === 'string' && typeof given['text'] === 'string'
    case 'count': {
      const names = [given['client'], given['version']]
      const named = names.every(name => name === undefined || typeof name === 'string')
      const until = typeof given['until'] === 'string' && !Number.isNaN(Date.parse(given['until']))
      return typeof given['id'] === 'string' && counted && named && until
    }
    case 'omitted':
      return counted
    default:
      return false
  }
}
