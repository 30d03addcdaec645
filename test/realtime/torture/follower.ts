import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { WebSocket } from 'ws'

const query = `subscription ($after: String) {
  taskEvents(kinds: [CREATED], after: $after) { task { id title assignees { displayName } } }
}`

interface Answer extends Record<string, unknown> {
  readonly taskEvents: { readonly task: { readonly id: string } | null } | null
}

/** A stock graphql-ws client that notes the task of every event; with the one line that resumes, or without. */
export class Follower {
  /** Ids of tasks, in the order of their events. */
  readonly seen: string[] = []
  /** How its subscription ended, if it did. */
  readonly ended: unknown[] = []
  cursor: string | undefined
  connected = false
  readonly #client: Client
  #socket: WebSocket | undefined

  /** @param begin Cursor to begin behind. Undefined: with what comes from now on. */
  constructor(url: string, token: () => string, begin: string | undefined, resumes: boolean) {
    this.#client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: () => ({ Authorization: `Bearer ${token()}` }),
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
    this.#client.subscribe<Answer, { cursor?: string }>(payload, {
      next: ({ data, errors, extensions }) => {
        this.cursor = extensions?.cursor
        if (resumes) payload.extensions = { after: this.cursor }
        else delete payload.extensions
        this.seen.push(data?.taskEvents?.task?.id ?? `nothing: ${JSON.stringify(errors)}`)
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
