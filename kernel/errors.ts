/**
 * Why a call failed, as the dispatcher, the breakers and the doors need to know it:
 * - `caller`: the request is wrong; no other agent would answer differently. A success for a breaker.
 * - `cancelled`: the caller left. Nobody's fault.
 * - `expired`: the deadline had passed before the work began. Nobody's fault.
 * - `overload`: refused before any work was done; safe to try elsewhere. Not counted by a breaker.
 * - `timeout`: began, did not end in time.
 * - `fault`: the agent failed or answered nonsense.
 * - `ambiguous`: a write that may have happened; never repeated without an idempotency key.
 */
export type FailureKind = 'caller' | 'cancelled' | 'expired' | 'overload' | 'timeout' | 'fault' | 'ambiguous'

/** What a code stands for; each is a row of docs/errors.md. `http` is the status when it ends a whole request. */
interface ErrorDefinition {
  readonly kind: FailureKind
  readonly http: number
  readonly meaning: string
}

/** Every code a client or an operator can see. The only place where one is added. */
export const errorDefinitions = {
  GRAPHQL_PARSE_FAILED: { kind: 'caller', http: 400, meaning: 'The document is not valid GraphQL syntax.' },
  GRAPHQL_VALIDATION_FAILED: { kind: 'caller', http: 400, meaning: 'The document does not fit the schema.' },
  OPERATION_RESOLUTION_FAILURE: {
    kind: 'caller',
    http: 400,
    meaning: 'The operation to run cannot be determined.',
  },
  BAD_REQUEST: { kind: 'caller', http: 400, meaning: 'The HTTP request is not a GraphQL request.' },
  BAD_USER_INPUT: {
    kind: 'caller',
    http: 400,
    meaning: 'A variable or argument has a value that is not allowed.',
  },
  METHOD_NOT_ALLOWED: { kind: 'caller', http: 405, meaning: 'The HTTP method cannot carry this operation.' },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: 'caller',
    http: 415,
    meaning: 'The content type or encoding is not accepted.',
  },
  NOT_ACCEPTABLE: { kind: 'caller', http: 406, meaning: 'None of the accepted media types can be produced.' },
  BODY_TOO_LARGE: { kind: 'caller', http: 413, meaning: 'The body is larger than the limit.' },
  CSRF_REFUSED: { kind: 'caller', http: 403, meaning: 'A browser sent this from another site.' },
  LIMIT_TOKENS: { kind: 'caller', http: 400, meaning: 'The document has more tokens than the limit.' },
  LIMIT_DEPTH: { kind: 'caller', http: 400, meaning: 'The document nests deeper than the limit.' },
  LIMIT_FETCHES: {
    kind: 'caller',
    http: 400,
    meaning: 'The plan needs more subgraph fetches than the limit.',
  },
  LIMIT_COST: { kind: 'caller', http: 400, meaning: 'The operation may cost more than the limit.' },
  LIMIT_ANSWER: { kind: 'caller', http: 400, meaning: 'The answer would be larger than the limit.' },
  LIMIT_PLANNING: {
    kind: 'caller',
    http: 400,
    meaning: 'Planning the operation takes more time or memory than the limit.',
  },
  LIMIT_RECURSION: {
    kind: 'caller',
    http: 400,
    meaning: 'Fragments expand to more selections than the limit.',
  },
  LIMIT_ALIASES: { kind: 'caller', http: 400, meaning: 'The operation has more aliases than the limit.' },
  LIMIT_ROOT_FIELDS: {
    kind: 'caller',
    http: 400,
    meaning: 'The operation has more root fields than the limit.',
  },
  LIMIT_DIRECTIVES: {
    kind: 'caller',
    http: 400,
    meaning: 'The operation has more directives than the limit.',
  },
  LIMIT_DUPLICATES: {
    kind: 'caller',
    http: 400,
    meaning: 'One selection set has the same name more often than the limit.',
  },
  RATE_LIMITED: { kind: 'caller', http: 429, meaning: 'This client has asked too much in this time.' },
  PERSISTED_QUERY_NOT_FOUND: {
    kind: 'caller',
    http: 400,
    meaning: 'No document is known by this hash; send it once with its text.',
  },
  PERSISTED_QUERY_MISMATCH: { kind: 'caller', http: 400, meaning: 'The hash is not that of the document.' },
  DOCUMENT_NOT_TRUSTED: {
    kind: 'caller',
    http: 400,
    meaning: 'Only documents that the operator has listed are answered.',
  },
  UNAUTHENTICATED: { kind: 'caller', http: 401, meaning: 'No credential, or one that is not valid.' },
  FORBIDDEN: { kind: 'caller', http: 403, meaning: 'The credential does not allow this.' },
  NOT_FOUND: { kind: 'caller', http: 404, meaning: 'There is no such object for this caller.' },
  CURSOR_EXPIRED: {
    kind: 'caller',
    http: 400,
    meaning: 'What is behind this cursor, or before this session, is no longer kept; load anew.',
  },
  CURSOR_INVALID: { kind: 'caller', http: 400, meaning: 'The cursor was not issued here or for this list.' },
  QUERY_PLAN_EMPTY: { kind: 'fault', http: 500, meaning: 'No subgraph can resolve this operation.' },
  QUERY_PLAN_FAILED: { kind: 'fault', http: 500, meaning: 'The operation could not be planned.' },
  SUBGRAPH_UNREACHABLE: { kind: 'fault', http: 502, meaning: 'A subgraph could not be reached.' },
  SUBGRAPH_UNTRUSTED: {
    kind: 'fault',
    http: 502,
    meaning: 'A subgraph and this process do not trust each other’s certificates.',
  },
  CALLER_UNTRUSTED: {
    kind: 'fault',
    http: 401,
    meaning: 'A subgraph does not accept the certificate of the process that asks it.',
  },
  PRINCIPAL_UNKNOWN: {
    kind: 'fault',
    http: 401,
    meaning:
      'A subgraph does not keep the principal that its caller has named by digest; it is sent whole at once.',
  },
  SUBGRAPH_TIMEOUT: { kind: 'timeout', http: 504, meaning: 'A subgraph did not answer within the deadline.' },
  SUBGRAPH_BAD_ANSWER: {
    kind: 'fault',
    http: 502,
    meaning: 'A subgraph answered something that is not GraphQL.',
  },
  SUBGRAPH_ANSWER_TOO_LARGE: {
    kind: 'fault',
    http: 502,
    meaning: 'A subgraph answered more than the limit.',
  },
  SUBGRAPH_ERROR: { kind: 'fault', http: 502, meaning: 'A subgraph answered with an error it did not code.' },
  UNKNOWN_COMMIT_OUTCOME: {
    kind: 'ambiguous',
    http: 503,
    meaning: 'The write may or may not have happened; repeat it with its idempotency key.',
  },
  UNAVAILABLE: { kind: 'fault', http: 503, meaning: 'No agent could do this now; try again.' },
  OVERLOADED: { kind: 'overload', http: 503, meaning: 'Refused before any work was done; try again later.' },
  DEADLINE_EXCEEDED: { kind: 'expired', http: 504, meaning: 'The time for this request was used up.' },
  AGENT_TIMEOUT: { kind: 'timeout', http: 504, meaning: 'An agent did not answer within its attempt.' },
  AGENT_FAULT: { kind: 'fault', http: 503, meaning: 'An agent failed.' },
  CANCELLED: { kind: 'cancelled', http: 499, meaning: 'The caller left before the answer.' },
  INTERNAL: { kind: 'fault', http: 500, meaning: 'A fault of ours; the log has it under errorId.' },
  BAD_OPTION: { kind: 'caller', http: 500, meaning: 'A setting has a value that is not allowed.' },
  PORT_TAKEN: { kind: 'fault', http: 500, meaning: 'The address to listen on is in use.' },
  DATA_FOLDER_UNREADABLE: { kind: 'fault', http: 500, meaning: 'The data folder cannot be read or written.' },
  DATA_FOLDER_IN_USE: { kind: 'fault', http: 500, meaning: 'Another Ennead runs on this data folder.' },
  DATA_FOLDER_CORRUPT: {
    kind: 'fault',
    http: 500,
    meaning: 'The data folder is not what this version wrote.',
  },
  STORE_TOO_NEW: { kind: 'fault', http: 500, meaning: 'A newer Ennead laid out the data of a store.' },
  ENCRYPTED_FIELD: {
    kind: 'caller',
    http: 400,
    meaning: 'A field is stored encrypted here, so that nothing can be searched, filtered or ordered by it.',
  },
  ENCRYPTION_KEY_MISSING: {
    kind: 'fault',
    http: 500,
    meaning: 'Something is stored encrypted with a key that this process was not given.',
  },
  ENCRYPTED_VALUE_INVALID: {
    kind: 'fault',
    http: 500,
    meaning: 'An encrypted value was changed outside Ennead, or is of another key of the same name.',
  },
  LEASE_LOST: {
    kind: 'fault',
    http: 500,
    meaning: 'Work in the background came too late: another process has taken it over.',
  },
  STORE_DIVERGED: { kind: 'fault', http: 500, meaning: 'Two stores hold different histories.' },
  CONFIG_INVALID: { kind: 'caller', http: 500, meaning: 'The configuration of a composition is wrong.' },
  SCHEMA_UNREADABLE: {
    kind: 'fault',
    http: 500,
    meaning: 'A schema or its configuration cannot be read from its file or server.',
  },
  COMPOSITION_FAILED: { kind: 'caller', http: 500, meaning: 'The subgraph schemas do not compose.' },
  OUTPUT_UNWRITABLE: { kind: 'fault', http: 500, meaning: 'The file to write cannot be written.' },
  SUPERGRAPH_INVALID: { kind: 'caller', http: 500, meaning: 'The supergraph schema cannot be used.' },
  SUPERGRAPH_STALE: {
    kind: 'caller',
    http: 500,
    meaning: 'The committed supergraph is not what its subgraphs compose to.',
  },
  BASELINE_UNREADABLE: {
    kind: 'fault',
    http: 500,
    meaning: 'The schema to compare with cannot be read.',
  },
  OPERATIONS_UNREADABLE: {
    kind: 'fault',
    http: 500,
    meaning: 'The recorded operations cannot be read.',
  },
  ACCEPTED_UNREADABLE: {
    kind: 'caller',
    http: 500,
    meaning: 'The file of accepted changes is not what it must be.',
  },
  IMPORT_INVALID: {
    kind: 'caller',
    http: 500,
    meaning: 'The file to import holds something that is not what an export writes.',
  },
  IMPORT_CONFLICT: {
    kind: 'caller',
    http: 500,
    meaning: 'What the file to import holds does not go with what is stored here.',
  },
  INPUT_UNREADABLE: { kind: 'fault', http: 500, meaning: 'The file to read cannot be read.' },
  CHAOS_OFF: {
    kind: 'caller',
    http: 500,
    meaning: 'Faults were asked for from a process started without --chaos.',
  },
  NOT_RUNNING: { kind: 'caller', http: 500, meaning: 'No Ennead runs where the command looked.' },
} as const satisfies Record<string, ErrorDefinition>

export type ErrorCode = keyof typeof errorDefinitions

/**
 * A failure we expect. `code` is stable and reaches clients as `extensions.code`; `kind` decides failover and breakers.
 * `message` names the thing and the way out and may be shown to a client; what must stay inside goes into `cause`.
 */
export class EnneadError extends Error {
  readonly code: ErrorCode
  readonly kind: FailureKind
  /** More facts for `extensions` of a GraphQL error, e.g. `{ limit, actual }`. Shown to clients. */
  readonly facts: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown
      readonly facts?: Readonly<Record<string, unknown>>
      readonly kind?: FailureKind
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EnneadError'
    this.code = code
    this.kind = options.kind ?? errorDefinitions[code].kind
    this.facts = options.facts ?? {}
  }
}

/** The kind of any thrown value: its own for ours, `cancelled` for an abort, `fault` for everything unknown. */
export function kindOf(failure: unknown): FailureKind {
  if (failure instanceof EnneadError) return failure.kind
  if (failure instanceof Error && failure.name === 'AbortError') return 'cancelled'
  return 'fault'
}

/** Closes a switch over a union: a new member is a type error here. */
export function unreachable(value: never): never {
  throw new EnneadError('INTERNAL', `unexpected value ${JSON.stringify(value)}`)
}
