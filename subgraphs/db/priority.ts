import type { PriorityRank } from './record.ts'

/** `enum Priority` in the order of its ranks. */
export const priorityNames = ['NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const
export type PriorityName = (typeof priorityNames)[number]

const ranks: Readonly<Record<PriorityName, PriorityRank>> = { NONE: 0, LOW: 1, MEDIUM: 2, HIGH: 3, URGENT: 4 }

/** How a priority is stored. */
export function rankOf(name: PriorityName): PriorityRank {
  return ranks[name]
}

/** How a stored priority is told. */
export function nameOfRank(rank: PriorityRank): PriorityName {
  return priorityNames[rank]
}
