/**
 * Why a socket is closed. Codes 44xx are those of graphql-transport-ws; 1001, 1012, 1013 and 1014 are those of RFC 6455
 * and IANA that stock clients (graphql-ws, and Apollo, urql and Relay on it) take as a reason to connect again and
 * subscribe anew. 1008 and most 44xx are final for them.
 */
export const closeCodes = {
  /** The gateway stops now. Clients connect again. */
  goingAway: 1001,
  /** A limit was overstepped on purpose or by a bug; coming back at once would not help. Final. */
  policy: 1008,
  /** The gateway restarts; another one serves. Clients connect again. */
  restart: 1012,
  /** Too much now: too many sockets, or a reader slower than its events. Clients connect again and resume. */
  tryAgain: 1013,
  /** Something behind the gateway failed. Clients connect again and resume. */
  upstream: 1014,
  /** Not a message of the protocol. Final. */
  badMessage: 4400,
  /** No connection_init yet, or the credential ended. Final: the client needs a new credential. */
  unauthorized: 4401,
  /** The credential or the origin was refused. Clients may fetch another credential and connect again. */
  forbidden: 4403,
  /** The client does not speak graphql-transport-ws. Final. */
  subprotocol: 4406,
  /** connection_init came too late. */
  initTimeout: 4408,
  /** The id of a running operation was used again. Final. */
  duplicate: 4409,
  /** A second connection_init. Final. */
  secondInit: 4429,
} as const
