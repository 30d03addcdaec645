import { join } from 'node:path'
import { type ChannelAgent } from '../../subgraphs/api/channel-agent.ts'
import { graphqlChannel } from '../../subgraphs/api/agents/graphql/graphql-channel.ts'
import { restChannel } from '../../subgraphs/api/agents/rest/rest-channel.ts'
import { websocketChannel } from '../../subgraphs/api/agents/websocket/websocket-channel.ts'
import type { DbAddress } from '../../subgraphs/api/db-address.ts'
import {
  type ChannelUnderTest,
  historyContract,
  taskChannelContract,
} from '../contract/task-channel-contract.ts'
import { eventually, member, signer, temporaryFolder } from '../service/fixture.ts'
import { LittleLog, littleDb } from './little-db.ts'

/** A channel over a unix socket to a little db of its own. */
async function overSocket(make: (db: DbAddress) => ChannelAgent): Promise<ChannelUnderTest> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'db.sock')
  return opened(make, { kind: 'unix', path }, { kind: 'unix', path }, async () =>
    folder[Symbol.asyncDispose](),
  )
}

async function opened(
  make: (db: DbAddress) => ChannelAgent,
  address: Parameters<ReturnType<typeof littleDb>['listen']>[0],
  db: DbAddress,
  clean: () => Promise<void>,
): Promise<ChannelUnderTest> {
  const log = new LittleLog()
  const service = littleDb(log)
  await service.listen(address)
  const agent = make(db)
  await live(agent)
  return {
    channel: agent.operations,
    append: where => log.append(where),
    hold: (id, workspaceId) => void log.objects.set(id, workspaceId),
    beginAnew: () => log.beginAnew('life-2'),
    principal: member(),
    async [Symbol.asyncDispose]() {
      await agent.close()
      await service.close()
      await clean()
    },
  }
}

/** A held stream needs a moment to connect. */
async function live(agent: ChannelAgent): Promise<void> {
  let connected = false
  const ask = async (): Promise<void> => {
    try {
      const attempt = { signal: AbortSignal.timeout(1_000), remainingMs: 1_000, number: 1 }
      await agent.operations.changes?.({ after: undefined, first: 1, waitMs: 0 }, attempt)
      connected = true
    } catch {
      // Not yet.
    }
  }
  await eventually(() => {
    void ask()
    return connected
  })
}

taskChannelContract('graphql', () => overSocket(db => graphqlChannel({ db, signer })))
historyContract('graphql', () => overSocket(db => graphqlChannel({ db, signer })))
taskChannelContract('rest', () => overSocket(db => restChannel({ db, signer })))
historyContract('rest', () => overSocket(db => restChannel({ db, signer })))
taskChannelContract('websocket', () => overSocket(db => websocketChannel({ db, signer })))
