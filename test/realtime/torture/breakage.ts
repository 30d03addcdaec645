import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/until.ts'
import type { Follower } from './follower.ts'

/** How far the events of a torture are. */
export interface EventsWritten {
  readonly total: number
  readonly written: () => number
  readonly over: () => boolean
}

export interface CutOptions {
  /** Connections cut while events happen. */
  readonly socketKills: number
  /** Numbers in [0, 1). */
  readonly random: () => number
  readonly progress: (text: string) => void
}

/** Cuts connections at random, spread over the events; answers how many, at least `socketKills`. */
export async function cutConnections(
  all: readonly Follower[],
  events: EventsWritten,
  { socketKills, random, progress }: CutOptions,
): Promise<number> {
  let cuts = 0
  while (!events.over() || cuts < socketKills) {
    all[Math.floor(random() * all.length)]?.cut()
    cuts += 1
    if (cuts % 50 === 0) progress(`${events.written()} events, ${cuts} connections cut`)
    const ahead = cuts / socketKills > events.written() / events.total
    await pause(random() * 2 * (ahead ? 60 : 5))
  }
  return cuts
}

/** One after the other, spread over the events. Each is to kill a process and start it again. */
export async function killInTurn(
  kills: readonly { readonly name: string; readonly kill: () => Promise<void> }[],
  events: EventsWritten,
  progress: (text: string) => void,
): Promise<void> {
  for (const [index, { name, kill }] of kills.entries()) {
    const due = (events.total * (index + 1)) / (kills.length + 1)
    await until('it is time', () => events.written() >= due || events.over(), 600_000)
    progress(`kill -9 ${name}`)
    await kill()
  }
}
