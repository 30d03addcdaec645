import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Where the two meta pages of an LMDB data file (version 2) have what, in bytes. All numbers are little-endian. */
const at = { magic: 24, version: 28, pageSize: 48, freeRoot: 88, mainRoot: 136, end: 168 } as const
const magic = 0xbeefc0de
/** The root of a tree without entries. */
const noPage = 0xffff_ffff_ffff_ffffn

/**
 * Why this file cannot be an LMDB data file, or undefined. LMDB maps the file and trusts it: opening one that is
 * something else, or was cut short, ends the process instead of failing. This finds what is not LMDB's at all, and
 * files that are shorter than their own trees; an empty or missing one is fine, LMDB makes it.
 */
export function faultOfDataFile(path: string): string | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined
    throw failure
  }
  try {
    const { size } = fstatSync(file)
    if (size === 0) return undefined
    const first = readMeta(file, 0)
    if (first === undefined) return 'it does not begin as an LMDB file does'
    const second = readMeta(file, first.pageSize)
    if (second === undefined) return 'its second page is not one of an LMDB file'
    const pages = BigInt(Math.floor(size / first.pageSize))
    const roots = [...first.roots, ...second.roots]
    return roots.every(root => root === noPage || root < pages)
      ? undefined
      : 'it is shorter than its own contents'
  } finally {
    closeSync(file)
  }
}

function readMeta(
  file: number,
  offset: number,
): { readonly pageSize: number; readonly roots: readonly bigint[] } | undefined {
  const page = Buffer.alloc(at.end)
  if (readSync(file, page, 0, at.end, offset) < at.end) return undefined
  if (page.readUInt32LE(at.magic) !== magic) return undefined
  const pageSize = page.readUInt32LE(at.pageSize)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined
  return { pageSize, roots: [page.readBigUInt64LE(at.freeRoot), page.readBigUInt64LE(at.mainRoot)] }
}
