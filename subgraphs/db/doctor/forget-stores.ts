import type { Clock, Random } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import type { EngineName } from '../engine-slot.ts'
import { newName } from '../quorum/member.ts'
import { Proposer } from '../quorum/proposer.ts'
import { judge } from '../quorum/verdict.ts'
import { RecentLog } from '../recent-log.ts'
import { type ClosedStore, ExaminedStore, type OpenStore } from './examined-store.ts'
import { storeMember } from './store-member.ts'
import { seatsOf } from './votes.ts'

export interface ForgetParts {
  readonly stores: readonly (OpenStore | ClosedStore)[]
  readonly names: readonly EngineName[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Takes stores out of those that decide, one after the other, while no process runs: also one that is there, which agrees
 * to it like the others. Rejects with UNAVAILABLE and the way out when no majority does, with BAD_OPTION for the last one.
 */
export async function forgetStores({ stores, names, clock, random, log }: ForgetParts): Promise<void> {
  const open = stores.flatMap(store => ('engine' in store ? [new ExaminedStore(store, clock)] : []))
  if (judge(await seatsOf(open, [])).is === 'unfounded') {
    throw new EnneadError('BAD_OPTION', 'no store decides anything yet, so that none can be forgotten')
  }
  const nothing = (): void => undefined
  const proposer = new Proposer({
    id: newName(random),
    // One that is to follow only from now on must agree to it, too.
    members: open.filter(store => store.hasSeat).map(store => storeMember(store, random)),
    facts: () => Promise.reject(new EnneadError('UNAVAILABLE', 'nothing is written here')),
    readLog: async (name, afterSeq, limit) =>
      open.find(store => store.name === name)?.ask('log', { afterSeq, limit }) ?? [],
    recent: new RecentLog(),
    chosen: nothing,
    seen: nothing,
    confirmed: nothing,
    clock,
    random,
    log,
  })
  for (const name of names) await proposer.forget(name)
}
