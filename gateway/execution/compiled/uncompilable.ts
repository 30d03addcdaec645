/** Why an operation stays with the generic executor: thrown while it is compiled, and never shown to a client. */
export class Uncompilable extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'Uncompilable'
  }
}

/** A subgraph's answer is not what compiled code expects of it. The generic executor then answers the request. */
export class Surprise extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options)
    this.name = 'Surprise'
  }
}
