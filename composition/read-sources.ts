import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { EnneadError } from '../kernel/errors.ts'
import { ConfigDocument } from './config-document.ts'
import { compareDiagnostics } from './diagnostic.ts'
import type { Diagnostic } from './diagnostic.ts'
import { downloadSchema, introspectSubgraph, shownUrl } from './remote-schema.ts'
import type { RemoteSchemaOptions } from './remote-schema.ts'
import type { SubgraphSource } from './subgraph-source.ts'
import { readSupergraphConfig } from './supergraph-config.ts'
import type { SchemaOrigin, SubgraphEntry } from './supergraph-config.ts'

export interface ReadSourcesOptions extends RemoteSchemaOptions {
  /** For `${env.NAME}`. Default: none is set. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Told after each schema that was read, or could not be, how many are done. Default: nobody. */
  readonly progress?: (done: number, of: number) => void
  /** Ends waiting for other servers. Default: never. */
  readonly signal?: AbortSignal
  /** The text of the configuration where it is not a file; `path` then only says where its files are. */
  readonly text?: string
}

/** What a configuration names, read; or what stands in the way. */
export type Sources = SourcesSeen &
  (
    | {
        readonly ok: true
        readonly sources: readonly SubgraphSource[]
        readonly diagnostics: readonly Diagnostic[]
      }
    | {
        readonly ok: false
        /** The configuration is wrong, or something it names cannot be read. */
        readonly because: 'configuration' | 'sources'
        readonly diagnostics: readonly Diagnostic[]
      }
  )

export interface SourcesSeen {
  /** Files that were read or looked for; a change of one can change the result. */
  readonly files: readonly string[]
  /** Whether a schema comes from another server, which can change without a word. */
  readonly remote: boolean
}

/** Schemas asked for from other servers at once. */
const runningMax = 16

/**
 * Reads what a `supergraph.yaml` at `path` names: files, inline schemas, schemas from other servers. Everything that is
 * wrong is in the result, all of it at once.
 */
export async function readSources(path: string, options: ReadSourcesOptions = {}): Promise<Sources> {
  const absolute = resolve(path)
  const folder = dirname(absolute)
  const shown = relative(process.cwd(), absolute) || path
  const files = new Set(options.text === undefined ? [absolute] : [])
  let text: string
  try {
    text = options.text ?? (await readFile(absolute, 'utf8'))
  } catch (failure) {
    return {
      ok: false,
      because: 'sources',
      diagnostics: [noConfig(shown, failure)],
      files: [...files],
      remote: false,
    }
  }
  const document = new ConfigDocument(shown, text)
  const entries = readSupergraphConfig(document, shown, {
    environment: options.environment ?? {},
    file(name) {
      files.add(resolve(folder, name))
      return readSync(resolve(folder, name))
    },
  })
  const diagnostics = sorted(document.diagnostics)
  for (const { schema } of entries) if (schema.kind === 'file') files.add(resolve(folder, schema.path))
  const remote = entries.some(({ schema }) => schema.kind === 'download' || schema.kind === 'introspection')
  const seen: SourcesSeen = { files: [...files], remote }
  if (diagnostics.some(found => found.severity === 'error')) {
    return { ok: false, because: 'configuration', diagnostics, ...seen }
  }
  const read = await readAll(entries, folder, options)
  const unread = read.filter(result => 'code' in result)
  if (unread.length > 0) {
    return { ok: false, because: 'sources', diagnostics: sorted([...diagnostics, ...unread]), ...seen }
  }
  return { ok: true, sources: read.filter(entry => 'sdl' in entry), diagnostics, ...seen }
}

async function readAll(
  entries: readonly SubgraphEntry[],
  folder: string,
  options: ReadSourcesOptions,
): Promise<readonly (SubgraphSource | Diagnostic)[]> {
  // In the order of the configuration, whichever answers first.
  const results: (SubgraphSource | Diagnostic)[] = []
  const waiting = entries.entries()
  let done = 0
  options.progress?.(done, entries.length)
  const work = async (): Promise<void> => {
    for (const [index, entry] of waiting) {
      results[index] = await readOne(entry, folder, options)
      options.progress?.(++done, entries.length)
    }
  }
  await Promise.all(Array.from({ length: runningMax }, work))
  return results
}

async function readOne(
  entry: SubgraphEntry,
  folder: string,
  options: ReadSourcesOptions,
): Promise<SubgraphSource | Diagnostic> {
  const { name, routingUrl } = entry
  const signal = options.signal ?? new AbortController().signal
  try {
    return { name, routingUrl, ...(await readSchema(entry.schema, folder, signal, options)) }
  } catch (failure) {
    signal.throwIfAborted()
    return unreadable(entry, failure)
  }
}

async function readSchema(
  schema: SchemaOrigin,
  folder: string,
  signal: AbortSignal,
  options: ReadSourcesOptions,
): Promise<Pick<SubgraphSource, 'sdl' | 'file'>> {
  if (schema.kind === 'inline') return { sdl: schema.sdl, file: schema.file }
  if (schema.kind === 'file') {
    const file = resolve(folder, schema.path)
    return { sdl: await readFile(file, 'utf8'), file: relative(process.cwd(), file) }
  }
  const { url, headers } = schema
  const read = schema.kind === 'download' ? downloadSchema : introspectSubgraph
  return { sdl: await read(url, headers, signal, options), file: shownUrl(url) }
}

function unreadable({ name, schema, location }: SubgraphEntry, failure: unknown): Diagnostic {
  const reason = failure instanceof EnneadError ? failure.message : reasonOf(failure)
  const local = schema.kind === 'file'
  return {
    severity: 'error',
    code: 'SCHEMA_UNREADABLE',
    message: `The schema of subgraph "${name}" cannot be read: ${local ? `${schema.path} ${reason}` : reason}`,
    locations: [location],
    advice: local
      ? 'Correct the path; it is relative to the configuration.'
      : 'Start the subgraph, or correct its address or headers.',
  }
}

function reasonOf(failure: unknown): string {
  const code: unknown = failure instanceof Error && 'code' in failure ? failure.code : undefined
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EISDIR') return 'is a folder'
  if (code === 'EACCES') return 'may not be read by this user'
  return failure instanceof Error ? failure.message : 'cannot be read'
}

function noConfig(file: string, failure: unknown): Diagnostic {
  return {
    severity: 'error',
    code: 'SCHEMA_UNREADABLE',
    message: `The configuration ${file} ${reasonOf(failure)}`,
    locations: [],
    advice: 'Name it with --config; it lists the subgraphs, in the format of Rover.',
  }
}

function readSync(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function sorted(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort(compareDiagnostics)
}
