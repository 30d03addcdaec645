import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { StampedLayout, type StoreLayout } from '../../layout.ts'

/** The layout of an LMDB record store. `store` is as `--store` names it. */
export function openLmdbLayout(directory: string, store: string): StoreLayout {
  const layout = new StampedLayout(store, `the record store in ${directory}`)
  const present = async (): Promise<number> => {
    if (!existsSync(join(directory, 'data.mdb'))) return 0
    const root = open<unknown, string>({ path: directory, readOnly: true, maxDbs: 12, encoding: 'json' })
    try {
      const stamp = root.openDB<unknown, string>({ name: 'meta', encoding: 'json' }).get('format')
      return typeof stamp === 'number' ? stamp : 0
    } finally {
      await root.close()
    }
  }
  return {
    detail: `LMDB in ${directory}`,
    steps: layout.steps,
    present,
    move: async to => layout.move(await present(), to),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
