import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize, relative, resolve } from 'node:path'
import { parse } from 'yaml'
import { EnneadError } from '../../kernel/errors.ts'
import { introspectedSchema } from './introspection.ts'
import { commitOf, fileOfCommit } from './git-files.ts'
import { composedGraph, graphOfText } from './graph.ts'
import type { Graph } from './graph.ts'

export interface BaselineOptions {
  /** A URL, a file, a git ref, or `ref:file`. */
  readonly against: string
  /** The configuration of the new schema, which a git ref is expected to have as well. */
  readonly config: string
  /** A header for a URL, `name: value`. */
  readonly header: string | undefined
}

/**
 * The schema to compare with: a URL is asked (introspection), a file is read (a supergraph, a plain schema, or a
 * composition's configuration), and everything else is a commit of git: its configuration and schemas are composed.
 * Throws BASELINE_UNREADABLE.
 */
export async function readBaseline({ against, config, header }: BaselineOptions): Promise<Graph> {
  if (/^https?:\/\//.test(against)) return introspectedSchema(against, header)
  if ((await stat(against).catch(() => undefined))?.isFile() === true) {
    if (isConfiguration(against)) return composed(against, against, file => file)
    return graphOfText(await readFile(against, 'utf8'), against)
  }
  const [ref = '', ...rest] = against.split(':')
  const commit = await commitOf(ref)
  const path = rest.join(':')
  if (path === '') return ofCommit(commit, ref, config)
  if (isConfiguration(path)) return ofCommit(commit, ref, path)
  return graphOfText(await fileOfCommit(commit, path, ref), against)
}

/** Puts the files of the commit where composition can read them, since it knows nothing of git. */
async function ofCommit(commit: string, ref: string, config: string): Promise<Graph> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-check-'))
  try {
    const text = await fileOfCommit(commit, config, ref)
    const copy = join(folder, inside(config, config))
    await mkdir(dirname(copy), { recursive: true })
    await writeFile(copy, text)
    for (const file of schemaFiles(text, `${ref}:${config}`)) {
      const path = inside(join(dirname(config), file), file)
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), await fileOfCommit(commit, path, ref))
    }
    return await composed(copy, `${ref}:${config}`, file => `${ref}:${relative(folder, resolve(file))}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function composed(config: string, named: string, nameOf: (file: string) => string): Promise<Graph> {
  const result = await composedGraph(config, nameOf)
  if (result.ok) return result.graph
  const first =
    result.failure.diagnostics.find(({ severity }) => severity === 'error')?.message.split('\n')[0] ?? ''
  throw new EnneadError(
    'BASELINE_UNREADABLE',
    `${named} does not compose, so that there is nothing to compare with: ${first}; compare with a version that does`,
  )
}

/** A path below the folder it belongs in, so that a configuration cannot have files written elsewhere. */
function inside(path: string, named: string): string {
  const normal = normalize(path)
  if (!normal.startsWith('..') && !normal.startsWith('/')) return normal
  throw new EnneadError(
    'BASELINE_UNREADABLE',
    `${named} lies outside of the working directory; run ennead check from the top of the repository`,
  )
}

function schemaFiles(text: string, named: string): readonly string[] {
  const content: unknown = parse(text)
  const subgraphs = isRecord(content) && isRecord(content['subgraphs']) ? content['subgraphs'] : {}
  return Object.entries(subgraphs).flatMap(([name, subgraph]) => {
    const schema = isRecord(subgraph) && isRecord(subgraph['schema']) ? subgraph['schema'] : {}
    if (typeof schema['file'] === 'string') return [schema['file']]
    if (typeof schema['sdl'] === 'string') return []
    throw new EnneadError(
      'BASELINE_UNREADABLE',
      `${named}: subgraph ${name} has no schema.file, so what it was then is not known; commit a supergraph with every release and compare with that: --against schema/released.graphql`,
    )
  })
}

function isConfiguration(path: string): boolean {
  return /\.ya?ml$/.test(path)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
