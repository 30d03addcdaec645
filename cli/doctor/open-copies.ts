import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import {
  type DirectoryExamination,
  type ExaminedCopy,
  examineDirectory,
} from '../../subgraphs/auth/directory/examine-directory.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { openDataFolder } from '../data-folder.ts'
import type { Lifecycle } from '../lifecycle.ts'

/** Where the domain `auth` has its copies, by who reads them. */
const folders = { rbac: 'rbac', oauth: 'issuer' } as const

/**
 * Opens the copies of the directory of users that a data folder has, as they are: the domain would mend them at once. Resolves with
 * undefined where there are none.
 */
export async function openCopies(
  folder: string,
  lifecycle: Lifecycle,
): Promise<((repair: boolean) => Promise<DirectoryExamination>) | undefined> {
  const present: { readonly name: string; readonly path: string }[] = []
  for (const [name, sub] of Object.entries(folders)) {
    const path = join(folder, 'auth', sub)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) present.push({ name, path })
  }
  if (present.length === 0) return undefined
  const data = await openDataFolder(folder, ['auth'])
  lifecycle.add('data folder of auth', () => data[Symbol.asyncDispose]())
  const copies: ExaminedCopy[] = []
  for (const { name, path } of present) {
    try {
      const store = await openDirectory(path)
      lifecycle.add(`copy ${name}`, () => store.close())
      copies.push({ name, store })
    } catch (failure) {
      if (!(failure instanceof EnneadError)) throw failure
      copies.push({ name, why: failure.message })
    }
  }
  const { signal } = new AbortController()
  return repair => examineDirectory({ copies, repair, clock: systemClock, signal })
}
