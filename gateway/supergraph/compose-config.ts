import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { LineCounter, parseDocument } from 'yaml'
import { EnneadError } from '../../kernel/errors.ts'

/** One subgraph of a composition, its schema already read. */
export interface SubgraphSource {
  readonly name: string
  readonly routingUrl: string
  readonly sdl: string
  /** Where the schema was read from, for error messages. */
  readonly file: string
}

/** No real graph comes near; a larger file is a mistake. */
const subgraphsMax = 1_000

/**
 * Reads a composition in Rover's format (`supergraph.yaml`: `subgraphs.<name>.routing_url` and `.schema.file`, files
 * relative to it). Throws COMPOSITION_FAILED naming file, line and what is wrong.
 * Source: https://www.apollographql.com/docs/rover/commands/supergraphs
 */
export async function readComposeConfig(path: string): Promise<readonly SubgraphSource[]> {
  const text = await readText(path, path)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const fault = document.errors[0]
  if (fault !== undefined) {
    const at = lines.linePos(fault.pos[0])
    throw refused(`${path}:${at.line}:${at.col}: ${fault.message.split('\n')[0] ?? 'not YAML'}`)
  }
  const config: unknown = document.toJS({ maxAliasCount: 100 })
  const subgraphs = isRecord(config) ? config['subgraphs'] : undefined
  if (!isRecord(subgraphs)) throw refused(`${path}: "subgraphs" must be a map of subgraphs by name`)
  const entries = Object.entries(subgraphs)
  if (entries.length === 0 || entries.length > subgraphsMax) {
    throw refused(`${path}: "subgraphs" must name 1 to ${subgraphsMax} subgraphs, got ${entries.length}`)
  }
  return Promise.all(entries.map(([name, entry]) => readSubgraph(path, name, entry)))
}

async function readSubgraph(path: string, name: string, entry: unknown): Promise<SubgraphSource> {
  const where = `${path}: subgraphs.${name}`
  if (!isRecord(entry)) throw refused(`${where} must be a map with routing_url and schema`)
  const schema = entry['schema']
  if (isRecord(schema) && ('subgraph_url' in schema || 'graphref' in schema)) {
    const kind = 'subgraph_url' in schema ? 'subgraph_url' : 'graphref'
    throw refused(
      `${where}.schema.${kind} is not supported: composition must not depend on what runs elsewhere; save the schema to a file and use schema.file`,
    )
  }
  const routingUrl = entry['routing_url']
  if (typeof routingUrl !== 'string' || URL.parse(routingUrl) === null) {
    throw refused(`${where}.routing_url must be an absolute URL`)
  }
  const file = isRecord(schema) ? schema['file'] : undefined
  if (typeof file !== 'string' || file === '') throw refused(`${where}.schema.file must name a file`)
  const found = resolve(dirname(path), file)
  return { name, routingUrl, sdl: await readText(found, `${where}.schema.file`), file }
}

async function readText(file: string, where: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (failure) {
    throw new EnneadError('COMPOSITION_FAILED', `${where}: cannot read ${file}`, { cause: failure })
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(message: string): EnneadError {
  return new EnneadError('COMPOSITION_FAILED', message)
}
