/** What the first process tells a worker. */
export interface SupergraphMessage {
  readonly ennead: 'supergraph'
  readonly sdl: string
  /** Where it is from, for people. */
  readonly from: string
}

/** What a worker tells the first process once it takes requests. */
export interface ListeningMessage {
  readonly ennead: 'listening'
  readonly url: string
}

/** What the first process tells every worker whenever it changes. */
export interface WorkersMessage {
  readonly ennead: 'workers'
  /** Workers that there should be. */
  readonly of: number
  /** Those that take requests. */
  readonly takingRequests: number
}

/** Other libraries use the same channel. */
export function isSupergraphMessage(message: unknown): message is SupergraphMessage {
  return kindOf(message) === 'supergraph'
}

export function isListeningMessage(message: unknown): message is ListeningMessage {
  return kindOf(message) === 'listening'
}

export function isWorkersMessage(message: unknown): message is WorkersMessage {
  return kindOf(message) === 'workers'
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'ennead' in message ? message.ennead : undefined
}
