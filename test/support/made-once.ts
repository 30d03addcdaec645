import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Puts at `to` the folder that `make` makes, which is made once for a whole run of the suite and copied from then on. `make` is
 * given a path where nothing is. Outside such a run it is made anew each time.
 */
export async function madeOnce(
  name: string,
  to: string,
  make: (path: string) => Promise<void>,
): Promise<void> {
  // vitest.config.ts makes it, and takes it away at the end.
  const folder = process.env['ENNEAD_TEST_MADE']
  if (folder === undefined) return make(to)
  const kept = join(folder, name)
  if (!existsSync(kept)) {
    const own = `${kept}.${process.pid}`
    await make(own)
    // When another worker was quicker, its folder is as good.
    await rename(own, kept).catch(() => rm(own, { recursive: true, force: true }))
  }
  await run('cp', ['-a', kept, to])
}
