import type { Agent } from '../../dispatch/port.ts'
import type { ServicePrincipal } from '../../kernel/principal.ts'
import type { TaskChannel } from './task-channel.ts'

/** One way to db, with its connections. */
export interface ChannelAgent extends Agent<TaskChannel> {
  readonly name: ChannelName
  /** Why it could not serve now, when it knows by itself, without being called. */
  failing?(): string | undefined
  close(): Promise<void>
}

/** In the order in which they are asked for changes. */
export const channelNames = ['websocket', 'graphql', 'rest'] as const
export type ChannelName = (typeof channelNames)[number]

/** For whom the change log is read. */
export const apiPrincipal: ServicePrincipal = { kind: 'service', name: 'api' }
