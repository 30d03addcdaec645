import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LiveSupergraph } from '../gateway/supergraph/live-supergraph.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { cacheCommands } from './cache-commands.ts'
import type { Forget } from './cache-commands.ts'
import { serveControl } from './control.ts'
import type { ControlHandlers } from './control.ts'
import type { Lifecycle } from './lifecycle.ts'

/** What a gateway's control socket reaches. */
export interface Controlled {
  readonly supergraph: LiveSupergraph
  readonly forget: Forget
}

/** Where the gateway on `port` listens for `ennead supergraph`, unless told otherwise. */
export function gatewaySocketPath(port: number): string {
  return join(socketFolder(), `gateway-${port}.sock`)
}

/**
 * Opens the control socket of a gateway. Without a place given, a folder that only this user can enter is made for it; a
 * gateway that cannot have one (a read-only system) runs without, and says so in its log.
 */
export async function openGatewayControl(
  given: string | undefined,
  port: number,
  { supergraph, forget }: Controlled,
  lifecycle: Lifecycle,
  log: Log,
): Promise<void> {
  try {
    if (given === undefined) await makeFolder(socketFolder())
    const path = given ?? gatewaySocketPath(port)
    const handlers = new Map([...supergraphCommands(supergraph), ...cacheCommands(forget)])
    const control = await serveControl(path, handlers, log)
    lifecycle.add('control socket', () => control[Symbol.asyncDispose]())
  } catch (failure) {
    if (given !== undefined) {
      throw new EnneadError('BAD_OPTION', `--control: cannot listen at ${given}`, { cause: failure })
    }
    log.warn('control.unavailable', { failure })
  }
}

/** SIGUSR2 goes back to the supergraph before. What comes of it is in the log. */
export function rollbackOnSignal(supergraph: LiveSupergraph, lifecycle: Lifecycle, log: Log): void {
  const rollback = (): void => {
    supergraph.rollback().catch((failure: unknown) => log.error('supergraph.rollback', { failure }))
  }
  process.on('SIGUSR2', rollback)
  lifecycle.add('signals', () => void process.off('SIGUSR2', rollback))
}

/** What `ennead supergraph` asks of a gateway; each answers the status afterwards. */
function supergraphCommands(supergraph: LiveSupergraph): ControlHandlers {
  const status = (): unknown => supergraph.status()
  return new Map([
    ['supergraph/status', async () => status()],
    ['supergraph/reload', () => supergraph.reload().then(status)],
    ['supergraph/rollback', () => supergraph.rollback().then(status)],
  ])
}

function socketFolder(): string {
  return join(tmpdir(), `ennead-${process.getuid?.() ?? 0}`)
}

/** In a folder that anybody can write to, somebody else may have been here first. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await lstat(folder)
  const own = process.getuid === undefined || found.uid === process.getuid()
  if (!found.isDirectory() || !own || (found.mode & 0o077) !== 0) {
    throw new EnneadError('BAD_OPTION', `${folder} must be a folder that only this user can enter`)
  }
}
