import { createClient, type Client } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface CreatedEvent {
  readonly cursor: string
  readonly kind: string
  readonly task: {
    readonly id: string
    readonly title: string
    readonly assignees: readonly { readonly displayName: string }[]
  }
}

const document = `subscription Follow($projectId: ID!, $after: String) {
  taskEvents(projectId: $projectId, kinds: [CREATED], after: $after) {
    cursor
    kind
    task { id title assignees { displayName } }
  }
}`

/** A subscription to a project's CREATED events that goes on behind the last event it saw when its socket breaks. */
export interface FollowedEvents {
  readonly events: readonly CreatedEvent[]
  /** Resolves when the subscription is running. */
  readonly started: Promise<void>
  /** Resolves when at least `count` events are there; rejects when the subscription ended before. */
  reached(count: number): Promise<void>
  stop(): Promise<void>
}

export function followCreatedEvents(url: string, token: () => string, projectId: string): FollowedEvents {
  const events: CreatedEvent[] = []
  const waiting: { readonly count: number; resolve(): void; reject(reason: unknown): void }[] = []
  const variables: { projectId: string; after?: string } = { projectId }
  const client: Client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    lazy: false,
    connectionParams: () => ({ Authorization: `Bearer ${token()}` }),
    retryAttempts: 50,
    retryWait: () => new Promise(resolve => setTimeout(resolve, 200)),
    shouldRetry: () => true,
  })
  const started = new Promise<void>(resolve => {
    client.on('connected', () => resolve())
  })
  let failure: Error | undefined
  const failed = (reason: unknown): void => {
    failure ??= reason instanceof Error ? reason : new Error(JSON.stringify(reason))
    for (const one of waiting.splice(0)) one.reject(failure)
  }
  client.subscribe<{ taskEvents: CreatedEvent }>(
    { query: document, variables },
    {
      next(result) {
        const event = result.data?.taskEvents
        if (event === undefined || result.errors !== undefined)
          return failed(new Error(JSON.stringify(result.errors)))
        variables.after = event.cursor // The whole recipe of resuming.
        events.push(event)
        for (const one of waiting.splice(0)) {
          if (events.length >= one.count) one.resolve()
          else waiting.push(one)
        }
      },
      error: failed,
      complete: () => failed(new Error('the subscription ended')),
    },
  )
  return {
    events,
    started,
    reached: count =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) reject(failure)
        else if (events.length >= count) resolve()
        else waiting.push({ count, resolve, reject })
      }),
    stop: async () => {
      await client.dispose()
    },
  }
}
