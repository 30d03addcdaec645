import { FEDERATION_VERSIONS, suggestionList } from '@apollo/federation-internals'
import type { ConfigDocument, ConfigPath } from './config-document.ts'
import type { SourceLocation } from './diagnostic.ts'
import { expandVariables } from './expand-variables.ts'
import type { Variables } from './expand-variables.ts'

/** Where the schema of a subgraph comes from. */
export type SchemaOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly sdl: string; readonly file: string }
  | { readonly kind: 'download'; readonly url: string; readonly headers: HeaderMap }
  | { readonly kind: 'introspection'; readonly url: string; readonly headers: HeaderMap }

type HeaderMap = Readonly<Record<string, string>>

export interface SubgraphEntry {
  readonly name: string
  readonly routingUrl: string
  readonly schema: SchemaOrigin
  /** Of `schema` in the configuration, for when it cannot be read. */
  readonly location: SourceLocation
}

/** No real graph comes near; a larger file is a mistake. */
const subgraphsMax = 1_000

const schemaKeys = [
  'file',
  'sdl',
  'subgraph_url',
  'introspection_headers',
  'remote_url',
  'headers',
  'graphref',
  'subgraph',
]

/**
 * Reads the subgraphs of a configuration in Rover's format; `file` is how messages name it. What is wrong is told to the
 * document, all of it at once; the answer counts only when the document has no errors then.
 * Source: https://www.apollographql.com/docs/rover/commands/supergraphs#yaml-configuration-file
 */
export function readSupergraphConfig(
  document: ConfigDocument,
  file: string,
  variables: Variables,
): readonly SubgraphEntry[] {
  const reader: Reader = { document, file, variables }
  if (document.diagnostics.length > 0) return []
  unknownKeys(reader, [], ['federation_version', 'subgraphs'])
  readVersion(document)
  const names = document.keys(['subgraphs'])
  if (names === undefined) {
    document.refuse(['subgraphs'], '"subgraphs" must be a map of subgraphs by name', {
      advice:
        'Write: subgraphs: { products: { routing_url: "http://…", schema: { file: products.graphql } } }',
    })
    return []
  }
  if (names.length === 0 || names.length > subgraphsMax) {
    document.refuse(
      ['subgraphs'],
      `"subgraphs" must name 1 to ${subgraphsMax} subgraphs, got ${names.length}`,
    )
    return []
  }
  return names.flatMap(name => readSubgraph(reader, name) ?? [])
}

interface Reader {
  readonly document: ConfigDocument
  readonly file: string
  readonly variables: Variables
}

function readVersion(document: ConfigDocument): void {
  const path = ['federation_version']
  const given = document.value(path)
  if (given === undefined || given === 2) return
  const version = typeof given === 'string' || typeof given === 'number' ? String(given) : ''
  if (/^(?:2|latest-2)$/.test(version)) return
  const latest = FEDERATION_VERSIONS.latest().version
  const exact = /^[=v](\d+)\.(\d+)\.\d+(?:-[\w.]+)?$/.exec(version)
  const advice = `Write federation_version: 2, which composes with ${latest.major}.${latest.minor}.`
  if (/^(?:[01]|latest-[01]|[=v]0\..*)$/.test(version)) {
    document.refuse(path, `Federation 1 composition is not supported, got ${version}`, {
      advice: `${advice} Schemas of Federation 1 compose as they are.`,
    })
  } else if (exact?.[1] !== '2') {
    document.refuse(path, `federation_version must be 2 or like =2.9.0, got ${JSON.stringify(given)}`, {
      advice,
    })
  } else if (Number(exact[2]) > latest.minor) {
    document.refuse(
      path,
      `federation_version ${version} is newer than ${latest.major}.${latest.minor}, which composes here`,
      {
        advice: 'Update Ennead, or ask for a version it has.',
      },
    )
  }
}

function readSubgraph(reader: Reader, name: string): SubgraphEntry | undefined {
  const { document } = reader
  const path = ['subgraphs', name]
  if (document.keys(path) === undefined) {
    document.refuse(path, `subgraph "${name}" must be a map with routing_url and schema`)
    return undefined
  }
  unknownKeys(reader, path, ['routing_url', 'schema'])
  const schema = readSchema(reader, [...path, 'schema'])
  const live = schema?.kind === 'introspection' ? schema.url : undefined
  const routingUrl = readUrl(reader, [...path, 'routing_url'], live)
  if (schema === undefined || routingUrl === undefined) return undefined
  return { name, routingUrl, schema, location: document.location([...path, 'schema', keyOf(schema)]) }
}

function keyOf(schema: SchemaOrigin): string {
  return { file: 'file', inline: 'sdl', download: 'remote_url', introspection: 'subgraph_url' }[schema.kind]
}

function readSchema(reader: Reader, path: ConfigPath): SchemaOrigin | undefined {
  const { document } = reader
  unknownKeys(reader, path, schemaKeys)
  const given = (document.keys(path) ?? []).filter(key =>
    ['file', 'sdl', 'subgraph_url', 'remote_url', 'graphref'].includes(key),
  )
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    const got = kind === undefined ? 'none of them' : given.join(' and ')
    document.refuse(
      path,
      `${path.join('.')} must have one of file, sdl, subgraph_url and remote_url, got ${got}`,
    )
    return undefined
  }
  const at = [...path, kind]
  switch (kind) {
    case 'file': {
      const found = readText(reader, at)
      return found === undefined ? undefined : { kind: 'file', path: found }
    }
    case 'sdl':
      return readInline(reader, at)
    case 'graphref':
      document.refuse(at, 'schema.graphref needs an account at a schema registry, which is not supported', {
        advice:
          'Save the schema to a file and name it with schema.file, or ask the running subgraph with subgraph_url.',
      })
      return undefined
    default: {
      const url = readUrl(reader, at)
      const headers = readHeaders(reader, [
        ...path,
        kind === 'remote_url' ? 'headers' : 'introspection_headers',
      ])
      if (url === undefined) return undefined
      return { kind: kind === 'remote_url' ? 'download' : 'introspection', url, headers }
    }
  }
}

function readInline(reader: Reader, path: ConfigPath): SchemaOrigin | undefined {
  const whole = readText(reader, path)
  if (whole === undefined) return undefined
  const block = reader.document.block(path)
  const placed = block === undefined ? undefined : expandVariables(block, reader.variables)
  return placed?.ok === true
    ? { kind: 'inline', sdl: placed.value, file: reader.file }
    : { kind: 'inline', sdl: whole, file: `${reader.file}#${path.join('.')}` }
}

function readHeaders(reader: Reader, path: ConfigPath): HeaderMap {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  if (reader.document.value(path) === undefined) return headers
  const names = reader.document.keys(path)
  if (names === undefined)
    reader.document.refuse(path, `${path.join('.')} must be a map of header names to values`)
  for (const name of names ?? []) {
    const value = readText(reader, [...path, name])
    if (value === undefined) continue
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value))
      headers[name] = value
    else
      reader.document.refuse([...path, name], `${[...path, name].join('.')} is not a header that can be sent`)
  }
  return headers
}

/** Never shown in full: addresses may carry credentials. */
function readUrl(reader: Reader, path: ConfigPath, fallback?: string): string | undefined {
  if (fallback !== undefined && reader.document.value(path) === undefined) return fallback
  const what = `${path.join('.')} must be an absolute URL that begins with http:// or https://`
  const given = reader.document.value(path) === undefined ? undefined : readText(reader, path)
  if (reader.document.value(path) === undefined) {
    reader.document.refuse(path, what)
    return undefined
  }
  if (given === undefined) return undefined
  const url = URL.parse(given)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return given
  reader.document.refuse(path, what)
  return undefined
}

function readText({ document, variables }: Reader, path: ConfigPath): string | undefined {
  const given = document.value(path)
  if (typeof given !== 'string' || given.trim() === '') {
    document.refuse(path, `${path.join('.')} must be a text that is not empty`)
    return undefined
  }
  const expanded = expandVariables(given, variables)
  if (expanded.ok) return expanded.value
  const [kind, ...name] = expanded.missing.split('.')
  document.refuse(
    path,
    kind === 'env'
      ? `the environment variable ${name.join('.')} is not set`
      : `the file ${name.join('.')} cannot be read`,
    { advice: `Set it, or give a default: \${${expanded.missing}:-…}.` },
  )
  return undefined
}

function unknownKeys({ document }: Reader, path: ConfigPath, known: readonly string[]): void {
  for (const key of document.keys(path) ?? []) {
    if (known.includes(key)) continue
    const suggestions = suggestionList(key, known).slice(0, 3)
    document.warn(
      [...path, key],
      `"${key}" is not known here and does nothing`,
      suggestions.length > 0 ? { suggestions } : {},
    )
  }
}
