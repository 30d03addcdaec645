import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Usage } from './probe.ts'

/** A gateway that is measured: how its process is started. */
export interface Gateway {
  readonly name: string
  /** Arguments for Node: a file and what it takes. */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface GatewayProcess {
  readonly port: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

const probe = join(import.meta.dirname, 'probe.ts')
const startMs = 60_000

/** Starts a gateway, on `core` alone where that is possible. Rejects when it does not say its port within a minute. */
export async function startGateway(gateway: Gateway, core: number | undefined): Promise<GatewayProcess> {
  const command = [process.execPath, '--import', probe, ...gateway.argv]
  const [file = '', ...argv] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
  const child = spawn(file, argv, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...gateway.env },
  })
  const port = await portOf(child, gateway.name)
  return {
    port,
    async usage() {
      const answered = once(child, 'message')
      child.send('usage')
      // Sent by probe.ts.
      return (await answered)[0] as Usage
    },
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(late)
    },
  }
}

/** Every gateway writes the URL it listens at on its standard output. */
function portOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let written = ''
    const late = setTimeout(() => reject(new Error(`${name} did not start: ${written}`)), startMs)
    child.once('exit', code => reject(new Error(`${name} ended with ${code}: ${written}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      written += chunk.toString()
      // Which planner a peer really uses, for instance.
      if (/^planner:/m.test(chunk.toString())) console.log(`${name}: ${chunk.toString().trim()}`)
      const found = /ready http:\/\/[^:]+:(\d+)/.exec(written)?.[1]
      if (found === undefined) return
      clearTimeout(late)
      resolve(Number(found))
    })
  })
}
