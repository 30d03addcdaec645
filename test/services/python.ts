import { spawnSync } from 'node:child_process'
import { findCommand } from './availability.ts'

/** A Python 3 that has the package `websockets`: Debian's, or the one on the PATH. */
export function findPython(): string | undefined {
  return ['/usr/bin/python3', findCommand('python3')].find(
    command => command !== undefined && spawnSync(command, ['-c', 'import websockets']).status === 0,
  )
}
