/** The subgraph of reviews-server.ts. What it says of keeping it says in its answers only. */
export const reviewsSdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Product @key(fields: "id") @cacheControl(maxAge: 1) { id: ID! reviews: [Review] }
  type Review @cacheControl(inheritMaxAge: true) { text: String }
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
    on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
`
