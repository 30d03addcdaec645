import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from './running-ennead.ts'
import type { EndedProcess } from './running-ennead.ts'
import { runWarm } from './warm-commands.ts'

const run = promisify(execFile)

/** A git repository of a small graph, with the first version committed and a second one in its working copy. */
export interface ShopRepository extends AsyncDisposable {
  readonly path: string
  write(file: string, text: string): Promise<void>
  git(...argv: readonly string[]): Promise<void>
  /** Runs `ennead check` in it. */
  check(...argv: readonly string[]): Promise<EndedProcess>
}

export const configuration = `subgraphs:
  products:
    routing_url: http://products.example
    schema: { file: products.graphql }
  reviews:
    routing_url: http://reviews.example
    schema: { file: reviews.graphql }
`
const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n'

export const reviews = `${link}type Product @key(fields: "id") { id: ID! reviews: [String!] }\n`

export const products = `${link}type Query {
  product(id: ID!): Product
  search(text: String, first: Int): [Product!]!
}
type Product @key(fields: "id") {
  id: ID!
  name: String
  price: Int
  colour: Colour
}
enum Colour { RED GREEN }
`

/** Without `Product.price` and with `Colour.BLUE`: a breaking change and a dangerous one. */
export const changedProducts = products.replace('  price: Int\n', '').replace('GREEN', 'GREEN BLUE')

/** @param changed The schema of the products in the working copy. */
export async function shopRepository(changed = changedProducts): Promise<ShopRepository> {
  const folder = await temporaryFolder()
  const cwd = folder.path
  const shop: ShopRepository = {
    path: cwd,
    write: (file, text) => writeFile(join(cwd, file), text),
    git: async (...argv) => {
      await run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...argv], { cwd })
    },
    check: (...argv) => runWarm(['check', ...argv], { cwd }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
  await shop.write('supergraph.yaml', configuration)
  await shop.write('products.graphql', products)
  await shop.write('reviews.graphql', reviews)
  await shop.git('init', '--quiet', '--initial-branch=main')
  await shop.git('add', '.')
  await shop.git('commit', '--quiet', '--message=first')
  await shop.write('products.graphql', changed)
  return shop
}
