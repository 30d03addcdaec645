import type { DocumentNode } from 'graphql'

/** How often one client, in one version, has sent an operation. */
export interface Traffic {
  /** Undefined: it did not say. */
  readonly client: string | undefined
  readonly version: string | undefined
  readonly requests: number
  /** Milliseconds since 1970. */
  readonly lastSeenMs: number
}

/** An operation that some client sends. */
export interface RecordedOperation {
  /** The same text has the same id: that of a manifest, else the first 12 hexadecimal digits of the SHA-256. */
  readonly id: string
  /** Undefined: it has no name. */
  readonly name: string | undefined
  /** This operation and the fragments it uses. */
  readonly document: DocumentNode
  /** The file it was read from, and the line where it begins. */
  readonly file: string
  readonly line: number
  /** Empty when its source counts nothing, e.g. a folder of .graphql files. */
  readonly traffic: readonly Traffic[]
}

export function requestsOf(operation: RecordedOperation): number {
  return operation.traffic.reduce((sum, { requests }) => sum + requests, 0)
}
