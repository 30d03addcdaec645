/** One subgraph of a composition, its schema already read. */
export interface SubgraphSource {
  readonly name: string
  /** Where the gateway finds it. */
  readonly routingUrl: string
  readonly sdl: string
  /** Where the schema was read from, for messages: a file as the configuration names it, or a URL. */
  readonly file: string
}
