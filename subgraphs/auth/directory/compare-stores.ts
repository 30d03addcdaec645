import { differencesOf, isSame } from './differences.ts'
import type { DirectoryStore } from './directory-store.ts'

/**
 * Makes two stores hold the same records, each merged from both (record-merge.ts), by reading both from end to end.
 * Writes that come meanwhile go to both and are not undone, because merging never loses the newer record. Answers how
 * many records were written.
 */
export async function compareStores(
  left: DirectoryStore,
  right: DirectoryStore,
  signal: AbortSignal,
): Promise<number> {
  let written = 0
  for await (const page of differencesOf(left, right, signal)) {
    const forLeft = page.filter(one => !isSame(one.left, one.merged)).map(({ merged }) => merged)
    const forRight = page.filter(one => !isSame(one.right, one.merged)).map(({ merged }) => merged)
    if (forLeft.length > 0) await left.merge(forLeft)
    if (forRight.length > 0) await right.merge(forRight)
    written += forLeft.length + forRight.length
  }
  return written
}
