/** The text of one subgraph's schema, or of a schema that has no subgraphs. */
export interface SchemaSource {
  /** Undefined: a schema without subgraphs. */
  readonly subgraph: string | undefined
  /** For people: `./schema/db.graphql`, or `main:schema/db.graphql` for an older one. */
  readonly file: string
  readonly sdl: string
  /** The text was made from a supergraph, so its lines are nobody's. */
  readonly derived: boolean
}
