import type { Forgetting } from '../../gateway/execution/entity-cache/forgotten.ts'

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

/** The first process has been told to forget what is kept of subgraphs' answers. */
export interface ForgetMessage {
  readonly ennead: 'forget'
  /** Another one each time. */
  readonly number: number
  readonly forgetting: Forgetting
}

/** What a worker tells the first process when it has. */
export interface ForgottenMessage {
  readonly ennead: 'forgotten'
  readonly number: number
  /** Why it has not. */
  readonly refused?: string
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

export function isForgetMessage(message: unknown): message is ForgetMessage {
  return kindOf(message) === 'forget'
}

export function isForgottenMessage(message: unknown): message is ForgottenMessage {
  return kindOf(message) === 'forgotten'
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'ennead' in message ? message.ennead : undefined
}
