import { open } from 'lmdb'
import { isKnownLayout, stampOf } from './directory-layout.ts'
import { lastOf } from './lmdb-keys.ts'
import { decodeRecord } from './record-codec.ts'

/** The child process of vet-directory.ts: `scan-directory PATH` reads everything and ends with 0 when all is sound. */
const [, , path] = process.argv
if (path === undefined) throw new Error('usage: scan-directory PATH')
const db = open<string, string[]>({ path, encoding: 'string', readOnly: true })
// What a newer Ennead wrote is not damaged; whoever opens it says so.
if (!isKnownLayout(stampOf(db))) process.exit(0)
for (const { value } of db.getRange({ start: ['record'], end: lastOf(['record']) })) decodeRecord(value)
for (const key of db.getKeys()) if (!Array.isArray(key)) throw new Error('a key is not one of ours')
await db.close()
