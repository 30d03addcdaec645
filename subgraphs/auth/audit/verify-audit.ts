import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { firstHash, hashOf } from './audit-entry.ts'

/** An entry that was noted elsewhere, to see that the log still has it. */
export interface AuditPin {
  readonly seq: number
  readonly hash: string
}

export type AuditVerdict =
  | { readonly is: 'whole'; readonly entries: number; readonly hash: string }
  | { readonly is: 'broken'; readonly line: number; readonly why: string }

/**
 * Reads the whole log and says whether every entry follows on the one before it. Whoever can write the file can write a new
 * one that is whole; an entry pinned elsewhere shows that. Rejects with the file system's error when it cannot be read.
 */
export async function verifyAudit(path: string, pins: readonly AuditPin[] = []): Promise<AuditVerdict> {
  const wanted = new Map(pins.map(({ seq, hash }) => [seq, hash]))
  let hash = firstHash
  let seq = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const next = entryIn(line)
    const place = seq + 1
    const broken = (why: string): AuditVerdict => ({ is: 'broken', line: place, why })
    if (next === undefined) return broken('it is no entry')
    if (next.seq !== place) return broken(`it has the number ${next.seq} where ${place} belongs`)
    if (hashOf(next.text, hash) !== next.hash) return broken('it was changed, or what stood before it was')
    seq = next.seq
    hash = next.hash
    const pinned = wanted.get(seq)
    if (pinned !== undefined && pinned !== hash) return broken(`it is not the entry ${seq} that was pinned`)
    wanted.delete(seq)
  }
  const [missing] = wanted.keys()
  if (missing !== undefined) {
    return { is: 'broken', line: seq, why: `the log ends before the entry ${missing} that was pinned` }
  }
  return { is: 'whole', entries: seq, hash }
}

function entryIn(
  line: string,
): { readonly text: string; readonly seq: number; readonly hash: string } | undefined {
  const match = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/.exec(line)
  const [, text = '', hash = ''] = match ?? []
  try {
    const { seq }: { seq?: unknown } = Object(JSON.parse(`${text}}`))
    return Number.isSafeInteger(seq) ? { text: `${text}}`, seq: Number(seq), hash } : undefined
  } catch {
    return undefined
  }
}
