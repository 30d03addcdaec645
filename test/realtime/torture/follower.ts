import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface FollowerOptions {
  /** Asked for every connection. */
  readonly url: () => string
  readonly query: string
  /** Names the event of an answer's data, each by another name; undefined: it is not complete. */
  readonly nameOf: (data: Readonly<Record<string, unknown>> | null | undefined) => string | undefined
  /** Asked for every connection. Default: nobody has signed in. */
  readonly token?: () => string
  /** Cursor to begin behind. Undefined: with what comes from now on. */
  readonly begin: string | undefined
  /** With the one line that resumes, or without. */
  readonly resumes: boolean
}

/** A stock graphql-ws client that notes the name of every event. */
export class Follower {
  /** Names of events, in the order they came. */
  readonly seen: string[] = []
  /** How its subscription ended, if it did. */
  readonly ended: unknown[] = []
  cursor: string | undefined
  connected = false
  readonly #client: Client
  #socket: WebSocket | undefined

  constructor({ url, query, nameOf, token, begin, resumes }: FollowerOptions) {
    this.#client = createClient({
      url: () => url().replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      ...(token === undefined ? {} : { connectionParams: () => ({ Authorization: `Bearer ${token()}` }) }),
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => new Promise(resolve => setTimeout(resolve, 20 + Math.random() * 60)),
      shouldRetry: () => true,
      on: {
        // graphql-ws hands over what webSocketImpl made.
        opened: socket => (this.#socket = socket as WebSocket),
        connected: () => (this.connected = true),
      },
    })
    const payload: { query: string; extensions?: Record<string, unknown> } = {
      query,
      ...(begin === undefined ? {} : { extensions: { after: begin } }),
    }
    this.#client.subscribe<Record<string, unknown>, { cursor?: string }>(payload, {
      next: ({ data, errors, extensions }) => {
        this.cursor = extensions?.cursor
        if (resumes) payload.extensions = { after: this.cursor }
        else delete payload.extensions
        this.seen.push(nameOf(data) ?? `nothing: ${JSON.stringify(errors)}`)
      },
      error: failure => this.ended.push(failure),
      complete: () => this.ended.push('complete'),
    })
  }

  /** Breaks the connection without a goodbye. */
  cut(): void {
    this.#socket?.terminate()
  }

  async close(): Promise<void> {
    await this.#client.dispose()
  }
}
