import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EnneadError } from '../../../kernel/errors.ts'

/** Reading a directory of 1,000,000 records takes about 5 s. */
const vetMsMax = 60_000

/**
 * Rejects with DATA_FOLDER_CORRUPT unless every record in the LMDB folder `path` can be read. LMDB maps the file into
 * memory and trusts it: a file that was cut short or overwritten ends the process that reads it (SIGBUS, SIGSEGV). So
 * the first to read it is a child process.
 */
export async function vetDirectory(path: string, signal?: AbortSignal): Promise<void> {
  const file = await stat(join(path, 'data.mdb')).catch(() => undefined)
  // LMDB begins anew in an empty file: that is what a crash during the very first start leaves.
  if (file === undefined || file.size === 0) return
  const here = fileURLToPath(import.meta.url)
  const script = join(here, '..', `scan-directory${extname(here)}`)
  const child = spawn(process.execPath, [script, path], {
    stdio: 'ignore',
    timeout: vetMsMax,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  })
  const [code, end]: readonly unknown[] = await once(child, 'exit')
  if (code === 0) return
  if (end === 'SIGKILL' || end === 'SIGTERM') {
    throw new EnneadError('DATA_FOLDER_UNREADABLE', `the directory in ${path} could not be checked in time`)
  }
  throw new EnneadError('DATA_FOLDER_CORRUPT', `the directory in ${path} is damaged; move the folder away`)
}
