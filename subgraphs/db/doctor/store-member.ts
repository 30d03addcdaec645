import type { Random } from '../../../kernel/clock.ts'
import { Member } from '../quorum/member.ts'
import type { ExaminedStore } from './examined-store.ts'

/** A store as a member, when no process runs that would ask it for its vote. */
export function storeMember(store: ExaminedStore, random: Random): Member {
  return new Member({
    name: store.name,
    mayVote: () => store.hasSeat,
    random,
    seat: () => store.ask('seat', undefined),
    vote: change => store.ask('vote', change),
  })
}
