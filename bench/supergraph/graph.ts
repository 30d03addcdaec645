import { compose } from '../../composition/compose.ts'

const subgraphs = 6
const fieldsEach = 10

/** The supergraph of `types` entities in six subgraphs, about half of them known to three, each with ten fields there. */
export function largeSupergraph(types: number, version: string): string {
  const sources = Array.from({ length: subgraphs }, (_, index) => ({
    name: `s${index}`,
    routingUrl: `http://s${index}.invalid/graphql`,
    sdl: subgraphSdl(index, types, version),
    file: `s${index}.graphql`,
  }))
  const result = compose(sources)
  if (!result.ok) throw new Error(result.diagnostics[0]?.message)
  return result.sdl
}

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])'

function subgraphSdl(subgraph: number, types: number, version: string): string {
  const roots = Array.from(
    { length: Math.ceil(types / subgraphs) },
    (_, index) => `s${subgraph}q${index}(first: Int): [T${(index * subgraphs + subgraph) % types}]`,
  )
  const known = Array.from({ length: types }, (_, type) => {
    const next = (type + 1) % types
    if (type % subgraphs !== subgraph && (type + subgraph) % 3 !== 0) {
      return `type T${type} @key(fields: "id", resolvable: false) { id: ID! }`
    }
    const fields = Array.from(
      { length: fieldsEach },
      (_, field) => `s${subgraph}f${field}(a: Int, b: String): String`,
    )
    return `type T${type} @key(fields: "id") { id: ID! ${fields.join(' ')} next${subgraph}: T${next} }`
  })
  const own = subgraph === 0 ? `version${version}: Int` : ''
  return `${link}\ntype Query { ${own} ${roots.join(' ')} }\n${known.join('\n')}`
}
