import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { openAuthDomain } from '../../subgraphs/auth/domain.ts'
import { openDbDomain } from '../../subgraphs/db/domain.ts'
import { askControl, commandList, type ControlHandlers } from '../control.ts'
import { controlSocketPath, openDataFolder } from '../data-folder.ts'
import { Lifecycle } from '../lifecycle.ts'
import { encryptionCommands } from '../encryption/encryption-commands.ts'
import { type EncryptionSettings, openVault } from '../wiring/vault.ts'
import { dbEngines, type DbEngineSettings } from '../wiring/db-engines.ts'
import { directoryTransfer, recordTransfer } from './transfer-commands.ts'
import type { TransferPart } from './transfer-settings.ts'

/** Whoever has the data: processes that run on a data folder, and this one for what none of them has. */
export interface Deployment extends AsyncDisposable {
  /** Rejects as the handler does (transfer-commands.ts, doctor-commands.ts). */
  ask(command: string, input: unknown): Promise<unknown>
}

export interface DeploymentOptions {
  /** What is encrypted counts for stores that this process opens; another process has its own. */
  readonly settings: DbEngineSettings & EncryptionSettings & { readonly data: string }
  readonly parts: readonly TransferPart[]
  /** Make what is not there; otherwise it is refused. */
  readonly create: boolean
}

/** A command each part answers, by which it is found. */
const signs = { auth: 'directory/page', db: 'records/head' } as const
const sockets = ['control', 'control-db'] as const

/**
 * Finds the parts: those that a running process has are asked over its control socket, the others are opened here, as
 * that process would, and locked for as long. Rejects with NOT_RUNNING for a data folder that is not there, and as the
 * domains do.
 */
export async function openDeployment({ settings, parts, create }: DeploymentOptions): Promise<Deployment> {
  const ways = await runningCommands(settings.data)
  const own = parts.filter(part => !ways.has(signs[part]))
  const lifecycle = new Lifecycle(jsonLog({ level: 'warn' }))
  try {
    if (own.length > 0) await addOwn(ways, { settings, parts: own, create }, lifecycle)
  } catch (failure) {
    await lifecycle.close()
    throw failure
  }
  return {
    ask(command, input) {
      const way = ways.get(command)
      if (way !== undefined) return way(input)
      throw new EnneadError('NOT_FOUND', `no process of this data folder can do ${command}`)
    },
    [Symbol.asyncDispose]: () => lifecycle.close(),
  }
}

/** What the processes that run on a data folder can be asked, by command; empty when none runs. */
export async function runningCommands(
  folder: string,
): Promise<Map<string, (input: unknown) => Promise<unknown>>> {
  const ways = new Map<string, (input: unknown) => Promise<unknown>>()
  for (const socket of sockets) await addRunning(ways, folder, socket)
  return ways
}

async function addRunning(
  ways: Map<string, (input: unknown) => Promise<unknown>>,
  folder: string,
  socket: string,
): Promise<void> {
  const path = await controlSocketPath(folder, socket).catch(() => undefined)
  if (path === undefined) return
  const names = await askControl(path, folder, commandList, {}).catch((failure: unknown) => {
    if (failure instanceof EnneadError && failure.code === 'NOT_RUNNING') return []
    throw failure
  })
  // Every process answers with the names of its commands.
  for (const name of names as readonly string[]) {
    if (!ways.has(name)) ways.set(name, input => askControl(path, folder, name, input))
  }
}

async function addOwn(
  ways: Map<string, (input: unknown) => Promise<unknown>>,
  { settings, parts, create }: DeploymentOptions,
  lifecycle: Lifecycle,
): Promise<void> {
  const log = jsonLog({ level: 'error' })
  if (!create) await requireParts(settings, parts)
  const data = await openDataFolder(settings.data, parts)
  lifecycle.add('data folder', () => data[Symbol.asyncDispose]())
  const add = (handlers: ControlHandlers): void => {
    // The handlers check what they are given, whichever way it comes.
    for (const [name, run] of handlers) {
      ways.set(name, input => run(input as Readonly<Record<string, unknown>>))
    }
  }
  if (parts.includes('auth')) {
    const auth = await openAuthDomain({ path: data.join('auth'), keysPath: data.join('keys'), log })
    lifecycle.add('auth domain', () => auth.close())
    add(directoryTransfer(auth))
  }
  if (parts.includes('db')) {
    const db = await openDbDomain({
      engines: await dbEngines(settings, data, lifecycle, log),
      // Nobody is assigned to anything here.
      actors: { known: () => Promise.resolve(new Set()) },
      limits: patience,
      vault: await openVault(settings, lifecycle, log),
      log,
    })
    lifecycle.add('db domain', () => db.close())
    add(recordTransfer(db))
    add(encryptionCommands(db))
  }
}

/** Nobody waits for an answer here, so that a slow disk is no failure. Milliseconds. */
const patience = {
  readMs: 10_000,
  readAttemptMs: 5_000,
  logAttemptMs: 10_000,
  attemptMs: 10_000,
  commitMs: 30_000,
}

/** What would otherwise be made, empty, by looking for it. */
async function requireParts(
  { data, databaseUrl, mongoUrl }: DeploymentOptions['settings'],
  parts: readonly TransferPart[],
): Promise<void> {
  const folders = { auth: join(data, 'auth'), db: join(data, 'db') }
  for (const part of parts) {
    if (part === 'db' && (databaseUrl !== undefined || mongoUrl !== undefined)) continue
    await access(folders[part]).catch((cause: unknown) => {
      const other = part === 'auth' ? 'db' : 'auth'
      throw new EnneadError(
        'NOT_RUNNING',
        `the data folder ${data} has no ${part} part and no process runs on it; give the right one with --data, or take only the other part with --parts ${other}`,
        { cause },
      )
    })
  }
}
