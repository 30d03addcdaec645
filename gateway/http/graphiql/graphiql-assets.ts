import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'

/** One file of GraphiQL, compressed once. */
export interface Asset {
  readonly type: string
  readonly etag: string
  readonly gzip: Buffer
}

/** The package's exports that are files of their own for a browser, and where we serve them. */
const files = [
  { name: 'js', path: '/graphql/graphiql.js', type: 'text/javascript' },
  { name: 'css', path: '/graphql/graphiql.css', type: 'text/css' },
  { name: 'editorWorkerService', path: '/graphql/graphiql-editor-worker.js', type: 'text/javascript' },
  { name: 'jsonWorker', path: '/graphql/graphiql-json-worker.js', type: 'text/javascript' },
  { name: 'graphqlWorker', path: '/graphql/graphiql-graphql-worker.js', type: 'text/javascript' },
] as const

interface Packed {
  readonly name: string
  readonly etag: string
  readonly gzip: Uint8Array
}

/**
 * GraphiQL's files by path. They are 9 MB of text inside a module: a worker thread reads and compresses them, so that
 * requests do not wait and only the 2 MB of the compressed files stay in memory.
 */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const [packed, ...own] = await Promise.all([
    packInWorker(),
    ...ownScripts.map(name => readFile(new URL(`./${name}`, import.meta.url))),
  ])
  const assets = new Map<string, Asset>()
  for (const { name, path, type } of files) {
    const file = packed.find(file => file.name === name)
    if (file === undefined) throw new Error(`the GraphiQL package has no "${name}"`)
    assets.set(path, { type, etag: file.etag, gzip: Buffer.from(file.gzip) })
  }
  for (const [index, name] of ownScripts.entries()) {
    const { etag, gzip } = pack(name, own[index] ?? Buffer.alloc(0))
    assets.set(`/graphql/${name}`, { type: 'text/javascript', etag, gzip: Buffer.from(gzip) })
  }
  return assets
}

/** Scripts of our own, beside this file. */
const ownScripts = ['graphiql-start.js', 'graphiql-problems.js'] as const

function packInWorker(): Promise<readonly Packed[]> {
  return new Promise((resolve, reject) => {
    const source = import.meta.resolve('@graphql-yoga/render-graphiql/graphiql')
    const worker = new Worker(new URL(import.meta.url), { workerData: { ennead: 'graphiql', source } })
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', code => reject(new Error(`packing GraphiQL ended with code ${code}`)))
    worker.unref()
  })
}

async function packModule(source: string): Promise<readonly Packed[]> {
  const module: unknown = await import(source)
  return files.map(({ name }) => {
    const text: unknown = Reflect.get(Object(module), name)
    if (typeof text !== 'string') throw new Error(`the GraphiQL package exports no text "${name}"`)
    return pack(name, Buffer.from(text))
  })
}

function pack(name: string, content: Uint8Array): Packed {
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
  return { name, etag, gzip: gzipSync(content) }
}

/** This file is also the worker's own; a thread started by somebody else has other data. */
function workerSource(data: unknown): string | undefined {
  if (isMainThread || typeof data !== 'object' || data === null) return undefined
  if (!('ennead' in data) || data.ennead !== 'graphiql' || !('source' in data)) return undefined
  return typeof data.source === 'string' ? data.source : undefined
}

const source = workerSource(workerData)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
if (source !== undefined) parentPort?.postMessage(await packModule(source))
