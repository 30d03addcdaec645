import { join } from 'node:path'
import type { Gateway } from './gateway-process.ts'

const folder = join(import.meta.dirname, 'gateways')
const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts')

/**
 * Ennead as anybody starts it: limits, cost, error masking, request ids on as they are by default, metrics switched on. The
 * lists of this graph are short, which its schema does not say; a core that is meant to be saturated is no reason to refuse.
 */
export function ennead(supergraph: string, flags: readonly string[] = []): readonly string[] {
  const gateway = ['gateway', '--supergraph', supergraph, '--port', '0', '--host', '127.0.0.1']
  const measured = ['--metrics-port', '0', '--assumed-list-size', '3', '--request-timeout-ms', '10000']
  const saturated = ['--event-loop-shed-ms', '20000', '--event-loop-essential-ms', '20000']
  return [
    '--max-semi-space-size=32',
    main,
    ...gateway,
    ...measured,
    ...saturated,
    '--forward-headers',
    'authorization',
    ...flags,
  ]
}

/** What is measured, in turn. `calls` is a file with the calls that Ennead made, for those that only repeat them. */
export function gateways(supergraph: string, calls: string): readonly Gateway[] {
  const peer = (file: string): string => join(folder, file)
  return [
    { name: 'ennead', argv: ennead(supergraph) },
    { name: 'apollo', argv: [peer('apollo.mjs'), supergraph] },
    { name: 'hive-js', argv: [peer('hive.mjs'), supergraph] },
    { name: 'hive-rust', argv: [peer('hive.mjs'), supergraph, 'rust'] },
    { name: 'bare-http', argv: [peer('bare.mjs'), calls, 'http'] },
    { name: 'bare-undici', argv: [peer('bare.mjs'), calls, 'undici'] },
    { name: 'canned', argv: [peer('bare.mjs'), calls, 'none'] },
  ]
}
