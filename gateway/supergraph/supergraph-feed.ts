/** A place that supergraph schemas come from. */
export interface SupergraphFeed {
  /** What it is, for people: `file supergraph.graphql`. No credentials. */
  readonly name: string
  /**
   * The schema that is there now. Rejects with SUPERGRAPH_INVALID or COMPOSITION_FAILED, naming place and reason. Never
   * called while an earlier call runs.
   */
  read(): Promise<string>
  /** Calls `changed` whenever reading again may bring something else, until `close`. Called once. */
  watch(changed: () => void): void
  /** Also gives up what is being read. Idempotent. */
  close(): void
}
