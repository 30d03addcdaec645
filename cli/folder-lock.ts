import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { EnneadError } from '../kernel/errors.ts'

/** How often a holder says that it lives. */
const heartbeatMs = 5_000
/** A holder on another host (or in another container) that was silent this long is dead. */
const silentMsMax = 20_000

export interface FolderLock {
  release(): Promise<void>
}

interface Holder {
  readonly host: string
  readonly pid: number
  /** When the process began, so that a reused process id is not mistaken for it. */
  readonly began: string
}

/**
 * Makes this process the only one with `role` on a folder until it ends, however it ends: the lock of a dead process
 * is taken over. Throws DATA_FOLDER_IN_USE with the holder's process id.
 */
export async function lockFolder(folder: string, role: string): Promise<FolderLock> {
  const file = join(folder, `${role}.lock`)
  const own = join(folder, `${role}.${randomUUID()}.tmp`)
  const holder: Holder = { host: hostname(), pid: process.pid, began: processBegan(process.pid) }
  await writeFile(own, JSON.stringify(holder), { mode: 0o600 })
  try {
    await takeOver(file, own, folder)
  } finally {
    await rm(own, { force: true })
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    utimes(file, now, now).catch(() => undefined) // The folder may have been removed; nothing is left to hold.
  }, heartbeatMs)
  heartbeat.unref()
  return {
    async release() {
      clearInterval(heartbeat)
      await rm(file, { force: true })
    },
  }
}

async function takeOver(file: string, own: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await link(own, file) // Atomic: exactly one of several starters gets it.
      return
    } catch (failure) {
      if (!(failure instanceof Error && 'code' in failure && failure.code === 'EEXIST')) throw failure
    }
    const holder = await readHolder(file)
    if (holder !== undefined && (await alive(holder, file))) {
      throw new EnneadError(
        'DATA_FOLDER_IN_USE',
        `process ${holder.pid} on ${holder.host} already runs on ${folder.replace(/\/run$/, '')}; stop it, or give another folder with --data`,
      )
    }
    const stale = `${own}.stale`
    await rename(file, stale).catch(() => undefined) // Another starter may have moved it first.
    await rm(stale, { force: true })
  }
  throw new EnneadError('DATA_FOLDER_IN_USE', `several processes start on ${folder} at once; try again`)
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    // Only this file writes it; what another program wrote there fails to parse or has no live process.
    return JSON.parse(await readFile(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

async function alive(holder: Holder, file: string): Promise<boolean> {
  if (holder.host !== hostname()) {
    const silentMs = await stat(file).then(
      found => Date.now() - found.mtimeMs,
      () => Number.POSITIVE_INFINITY,
    )
    return silentMs < silentMsMax
  }
  if (holder.pid === process.pid) return processBegan(process.pid) === holder.began
  try {
    process.kill(holder.pid, 0)
  } catch (failure) {
    // EPERM: it lives, and is somebody else's.
    return failure instanceof Error && 'code' in failure && failure.code === 'EPERM'
  }
  return processBegan(holder.pid) === holder.began
}

/** Field 22 of /proc/<pid>/stat (proc(5)) where there is one; elsewhere the id alone must do. */
function processBegan(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '')
  } catch {
    return ''
  }
}
