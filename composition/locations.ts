import type { ASTNode } from 'graphql'
import type { SourceLocation } from './diagnostic.ts'
import { nodeLocation } from './node-location.ts'
import type { ParsedSubgraph } from './parsed-subgraph.ts'

/** No message is about more places; a longer list hides the first one. */
const locationsMax = 12

/**
 * Every place a message of composition is about: the nodes it carries, then, for each subgraph it speaks of without a
 * node, the definition it names there. A message without any is led to what it names in all subgraphs.
 */
export function locationsOf(
  message: string,
  nodes: readonly unknown[],
  subgraphs: readonly ParsedSubgraph[],
): readonly SourceLocation[] {
  const found = new Map<string, SourceLocation>()
  const add = (location: SourceLocation | undefined): void => {
    if (location !== undefined && found.size < locationsMax) {
      const key = JSON.stringify([location.subgraph, location.line, location.column])
      if (!found.has(key)) found.set(key, location)
    }
  }
  for (const node of nodes) add(ofNode(node, subgraphs))
  const located = new Set([...found.values()].map(location => location.subgraph))
  const mentioned = mentionedSubgraphs(message, subgraphs)
  const missing = mentioned.filter(subgraph => !located.has(subgraph.name))
  const coordinates = coordinatesIn(message)
  if (found.size > 0 || linksIn(message, missing).length === 0) {
    for (const location of byName(coordinates, missing)) add(location)
  }
  if (found.size === 0) for (const location of linksIn(message, subgraphs)) add(location)
  if (found.size === 0) for (const location of byName(coordinates, subgraphs)) add(location)
  if (found.size === 0) {
    for (const subgraph of mentioned.length > 0 ? mentioned : subgraphs) {
      const first = subgraph.index.first()
      if (first !== undefined) add(nodeLocation(first, placeOf(subgraph)))
    }
  }
  return [...found.values()]
}

/** The links to a specification whose address the message names. */
function linksIn(message: string, subgraphs: readonly ParsedSubgraph[]): readonly SourceLocation[] {
  const [url] = /https:\/\/[^\s"),]+/.exec(message) ?? []
  if (url === undefined) return []
  return subgraphs.flatMap(subgraph => {
    const node = subgraph.index.link(url)
    return (node === undefined ? undefined : nodeLocation(node, placeOf(subgraph))) ?? []
  })
}

/** Names of schema elements in quotes, the most specific first: `"T.f(a:)"`, `"T.f"`, `"T"`, `"@d"`. */
export function coordinatesIn(message: string): readonly string[] {
  const names = new Set<string>()
  for (const match of message.matchAll(/"(@?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?(?:\([A-Za-z_]\w*:\))?)"/g)) {
    names.add(match[1] ?? '')
  }
  const depth = (name: string): number => (name.includes('(') ? 2 : 0) + (name.includes('.') ? 1 : 0)
  return [...names].sort((a, b) => depth(b) - depth(a))
}

/** The subgraphs that a message names, as `subgraph "a"`, `in "a"`, `subgraphs "a", "b" and "c"` or `[a] …`. */
export function mentionedSubgraphs(
  message: string,
  subgraphs: readonly ParsedSubgraph[],
): readonly ParsedSubgraph[] {
  const names = new Set<string>()
  for (const list of message.matchAll(/\b(?:subgraphs?|on|in|from|by) ((?:"[^"]+"(?:, and |, | and )?)+)/g)) {
    for (const name of (list[1] ?? '').matchAll(/"([^"]+)"/g)) names.add(name[1] ?? '')
  }
  for (const subgraph of subgraphs) if (message.startsWith(`[${subgraph.name}] `)) names.add(subgraph.name)
  return subgraphs.filter(subgraph => names.has(subgraph.name))
}

/** Where definitions stand first, then what lacks them: for a missing argument its field, for a missing field its type. */
function byName(
  coordinates: readonly string[],
  subgraphs: readonly ParsedSubgraph[],
): readonly SourceLocation[] {
  const exact: SourceLocation[] = []
  const lacking: SourceLocation[] = []
  const owners = coordinates.flatMap(coordinate => ownersOf(coordinate))
  for (const subgraph of subgraphs) {
    const name = [...coordinates.slice(0, 1), ...owners, ...coordinates].find(
      coordinate => subgraph.index.find(coordinate) !== undefined,
    )
    const node = name === undefined ? undefined : subgraph.index.find(name)
    const location = node === undefined ? undefined : nodeLocation(node, placeOf(subgraph))
    if (location !== undefined) (name === coordinates[0] ? exact : lacking).push(location)
  }
  return [...exact, ...lacking]
}

/** `T.f(a:)` → `T.f`, `T` */
function ownersOf(coordinate: string): readonly string[] {
  const [field = '', argument] = coordinate.split('(')
  const [type = '', member] = field.split('.')
  return [...(argument === undefined ? [] : [field]), ...(member === undefined ? [] : [type])]
}

function ofNode(node: unknown, subgraphs: readonly ParsedSubgraph[]): SourceLocation | undefined {
  if (typeof node !== 'object' || node === null || !('kind' in node)) return undefined
  // A node of graphql-js; composition adds `subgraph` to most.
  const { loc, subgraph: name } = node as ASTNode & { readonly subgraph?: string }
  // A node of something composition parsed or made itself, e.g. the fields of a key, has another source.
  const owner = subgraphs.find(
    subgraph =>
      loc?.source === subgraph.source || (name === subgraph.name && loc?.source.body === subgraph.sdl),
  )
  return owner === undefined ? undefined : nodeLocation(node as ASTNode, placeOf(owner))
}

/** Where the nodes of a subgraph stand, for `nodeLocation`. */
export function placeOf(subgraph: ParsedSubgraph): Parameters<typeof nodeLocation>[1] {
  return { subgraph: subgraph.name, file: subgraph.file, source: subgraph.source }
}
