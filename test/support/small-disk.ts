import { execFile } from 'node:child_process'
import { chmod, mkdtemp, open, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A disk of its own that can be filled up, so that whoever writes to it is told that no space is left. */
export interface SmallDisk extends AsyncDisposable {
  /** A folder on it, for everyone. */
  readonly folder: string
  /** Nothing more can be written, until `free`. */
  fill(): Promise<void>
  free(): Promise<void>
}

const run = promisify(execFile)
const blockBytes = 1_048_576

/** Undefined where disks cannot be mounted: not on Linux, or not as root. */
export async function openSmallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-disk-'))
  const mount = ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=1777`, 'tmpfs', folder]
  try {
    await run('mount', mount)
  } catch {
    await rmdir(folder)
    return undefined
  }
  await chmod(folder, 0o1777)
  const filler = join(folder, 'filler')
  const free = (): Promise<void> => rm(filler, { force: true })
  return {
    folder,
    async fill() {
      const file = await open(filler, 'w')
      try {
        // From large to small, so that not even a page is left.
        for (const bytes of [blockBytes, 4_096]) await writeAll(file, Buffer.alloc(bytes))
      } finally {
        await file.close()
      }
    },
    free,
    async [Symbol.asyncDispose]() {
      // Also while something on it is still open.
      await run('umount', ['--lazy', folder])
      await rmdir(folder)
    },
  }
}

/** Writes the block again and again until no space is left. */
async function writeAll(file: Awaited<ReturnType<typeof open>>, block: Buffer): Promise<void> {
  for (;;) {
    try {
      await file.write(block)
    } catch (failure) {
      if (failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC') return
      throw failure
    }
  }
}
