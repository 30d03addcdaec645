/**
 * The operation log is JSON lines: a `document` before the first `count` that names it in the same file, then counts, each
 * for one client and one stretch of time. Sum the counts. A line that does not end is one that was being written.
 */
export type LogEntry = DocumentEntry | CountEntry | OmittedEntry

/** An operation with the fragments it uses, without values. */
export interface DocumentEntry {
  readonly entry: 'document'
  /** SHA-256 of the text in hexadecimal, its first 32 digits. */
  readonly id: string
  /** Name of the operation; absent when it has none. */
  readonly name?: string
  readonly text: string
}

/** Requests of one client for one operation. */
export interface CountEntry {
  readonly entry: 'count'
  readonly id: string
  /** As the client says in `apollographql-client-name` or `graphql-client-name`; absent when it does not. */
  readonly client?: string
  readonly version?: string
  readonly requests: number
  /** The stretch of time, ISO 8601. */
  readonly from: string
  readonly until: string
}

/** Requests that were not counted because too many different operations came in one stretch of time. */
export interface OmittedEntry {
  readonly entry: 'omitted'
  readonly requests: number
  readonly from: string
  readonly until: string
}
