import type { PreparedOperation } from '../engine.ts'
import type { ClientName } from './client-name.ts'

/** Takes note that a client sends an operation; called by a door on the way of a request, so it is fast and never throws. */
export type RecordOperation = (operation: PreparedOperation, client: ClientName) => void
