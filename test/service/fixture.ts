import { packRules } from '@casl/ability/extra'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DomainHealth } from '../../kernel/health.ts'
import type { Hop } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { type Log, jsonLog } from '../../kernel/log.ts'
import type { ActorPrincipal, Principal } from '../../kernel/principal.ts'

export const secret = randomBytes(32)
export const signer = new HopSigner(secret)

export const ready: DomainHealth = {
  domain: 'notes',
  ready: true,
  agents: [{ name: 'memory', state: 'ok', detail: 'in process' }],
}

/** A member of a workspace with these scopes, who may read everything in it. */
export function member(
  scopes: readonly string[] = ['tasks:read'],
  changes: Partial<ActorPrincipal> = {},
): ActorPrincipal {
  const { workspaceId = 'workspace_0000000000000000000000000a' } = changes
  return {
    kind: 'actor',
    actorId: 'user_0000000000000000000000000a',
    workspaceId,
    role: 'MEMBER',
    scopes,
    sessionId: undefined,
    rules: packRules([{ action: 'read', subject: 'all', conditions: { workspaceId } }]),
    expiresAt: Math.floor(Date.now() / 1000) + 3600,
    source: 'jwt',
    ...changes,
  }
}

export function hopOf(
  principal: Principal | undefined,
  signal: AbortSignal = new AbortController().signal,
): Hop {
  return { requestId: 'request-1', principal, remainingMs: 5_000, signal }
}

/** A log whose lines a test can read. */
export function memoryLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = []
  return { log: jsonLog({ level: 'debug', write: line => lines.push(line) }), lines }
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'ennead-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Waits until `holds`, at most `withinMs`. */
export async function eventually(holds: () => boolean, withinMs = 5_000): Promise<void> {
  const until = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > until) throw new Error('the condition did not come to hold in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
