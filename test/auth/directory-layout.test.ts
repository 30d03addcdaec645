import { join } from 'node:path'
import { open } from 'lmdb'
import { expect, test } from 'vitest'
import { openLayouts } from '../../cli/migrate/open-layouts.ts'
import { silentLog } from '../../kernel/log.ts'
import { openDirectoryLayout } from '../../subgraphs/auth/directory/directory-layout.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'
import { temporaryFolder } from './auth-desk.ts'

/** What is stored beside the records of a directory. */
async function stamp(path: string, becomes?: string): Promise<string | undefined> {
  const db = open<string, string[]>({ path, encoding: 'string' })
  const before = db.get(['layout', 'version'])
  if (becomes !== undefined) await db.put(['layout', 'version'], becomes)
  await db.close()
  return before
}

test('a directory says its layout, one from before it did is of the first, and a newer one is refused unchanged', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'rbac')
  const layout = openDirectoryLayout(path)
  expect(await layout.present()).toBe(0)
  await (await openDirectory(path)).close()
  expect([await stamp(path), await layout.present()]).toEqual(['1', 1])
  const db = open<string, string[]>({ path, encoding: 'string' })
  await db.remove(['layout', 'version'])
  await db.close()
  expect(await layout.present()).toBe(1)
  await layout.move(1)
  await expect(layout.move(2)).rejects.toMatchObject({ code: 'BAD_OPTION' })

  await (await openDirectory(path)).close()
  await stamp(path, '2')
  // What it wrote need not be readable here.
  const newer = open<string, string[]>({ path, encoding: 'string' })
  await newer.put(['record', 'user', 'user_1'], 'in a form of tomorrow')
  await newer.close()
  await expect(openDirectory(path)).rejects.toMatchObject({ code: 'STORE_TOO_NEW' })
  await expect(openDirectory(path)).rejects.toThrow(/is of layout 2 and this Ennead knows up to 1/)
  await expect(layout.move(1)).rejects.toMatchObject({ code: 'STORE_TOO_NEW' })
  expect([await layout.present(), await stamp(path)]).toEqual([2, '2'])
  await stamp(path, 'none')
  await expect(openDirectory(path)).rejects.toMatchObject({ code: 'DATA_FOLDER_CORRUPT' })
})

test('the authority goes on without a copy that a newer Ennead laid out, does not write to it, and ennead migrate shows it', async () => {
  await using folder = await temporaryFolder()
  const [path, keysPath] = [join(folder.path, 'auth'), join(folder.path, 'keys')]
  const options = { path, keysPath, log: silentLog }
  await (await openAuthDomain(options)).close()
  await stamp(join(path, 'issuer'), '2')
  const domain = await openAuthDomain(options)
  await domain.administration.createWorkspace({ slug: 'navy', name: 'Navy' })
  await domain.close()
  const issuer = open<string, string[]>({ path: join(path, 'issuer'), encoding: 'string', readOnly: true })
  expect([...issuer.getKeys()]).toEqual([['layout', 'version']])
  await issuer.close()

  const stores = { databaseUrl: undefined, mongoUrl: undefined, redisUrl: undefined, store: 'auth' }
  await using opened = await openLayouts({ ...stores, data: folder.path })
  const shown: [string, number][] = []
  for (const [name, layout] of opened.layouts) shown.push([name, await layout.present()])
  expect(shown).toEqual([
    ['auth.rbac', 1],
    ['auth.oauth', 2],
  ])
})
