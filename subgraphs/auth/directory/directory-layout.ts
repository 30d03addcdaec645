import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import type { Database, Key } from 'lmdb'
import { EnneadError } from '../../../kernel/errors.ts'

/** How the records and indexes of a directory have been laid out, in order. A new one needs a step that leads there and back. */
export const directoryLayouts = [{ version: 1, name: 'records and indexes' }] as const

const newest = directoryLayouts.length

/** Beside the records; directories that were made before there was one are of layout 1. */
const stampKey = ['layout', 'version']

type Stamped = Pick<Database<string, Key[]>, 'get' | 'putSync'>

/** The layout of what is stored; NaN: it is none of ours. */
export function stampOf(db: Pick<Stamped, 'get'>): number {
  const text = db.get(stampKey)
  if (text === undefined) return 1
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : Number.NaN
}

/** Can its records be read by this Ennead? */
export function isKnownLayout(stamp: number): boolean {
  return stamp <= newest
}

/** Says which layout the data have, before anything is read. Throws STORE_TOO_NEW or DATA_FOLDER_CORRUPT for one that is not known. */
export function stampDirectory(db: Stamped, path: string): void {
  const stamp = stampOf(db)
  requireStamp(stamp, path)
  requireKnown(stamp, path)
  if (db.get(stampKey) === undefined) db.putSync(stampKey, String(newest))
}

function requireStamp(stamp: number, path: string): void {
  if (!Number.isNaN(stamp)) return
  throw new EnneadError('DATA_FOLDER_CORRUPT', `the directory in ${path} is damaged; move the folder away`)
}

function requireKnown(present: number, path: string): void {
  if (isKnownLayout(present)) return
  throw new EnneadError(
    'STORE_TOO_NEW',
    `the directory in ${path} is of layout ${present} and this Ennead knows up to ${newest}: start the Ennead that wrote it or a ` +
      `newer one, or bring it back with that one: ennead migrate down --store auth --to ${newest}`,
  )
}

/** The layout of a directory, for `ennead migrate`; opened while nobody else uses it. */
export interface DirectoryLayout extends AsyncDisposable {
  readonly detail: string
  readonly steps: typeof directoryLayouts
  /** 0: there is no data. */
  present(): Promise<number>
  /** Rejects with STORE_TOO_NEW for data of a newer Ennead, BAD_OPTION for a layout that nothing leads to. */
  move(to: number): Promise<void>
}

/** The layout of the directory in folder `path`. */
export function openDirectoryLayout(path: string): DirectoryLayout {
  const present = async (): Promise<number> => {
    if (!existsSync(join(path, 'data.mdb'))) return 0
    const db = open<string, Key[]>({ path, encoding: 'string', readOnly: true })
    try {
      const stamp = stampOf(db)
      requireStamp(stamp, path)
      return stamp
    } finally {
      await db.close()
    }
  }
  return {
    detail: `LMDB in ${path}`,
    steps: directoryLayouts,
    present,
    async move(to) {
      requireKnown(await present(), path)
      if (Number.isSafeInteger(to) && to >= 1 && to <= newest) return
      throw new EnneadError('BAD_OPTION', `the directory has the layouts 1 to ${newest}, not ${to}`)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
