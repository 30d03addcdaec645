import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { examine } from '../../subgraphs/db/doctor/examine.ts'
import type { ClosedStore, OpenStore } from '../../subgraphs/db/doctor/examined-store.ts'
import { forgetStores } from '../../subgraphs/db/doctor/forget-stores.ts'
import { foundOn } from '../../subgraphs/db/doctor/found-on.ts'
import type { EngineName } from '../../subgraphs/db/engine-slot.ts'
import { openDataFolder } from '../data-folder.ts'
import { Lifecycle } from '../lifecycle.ts'
import { dbEngines, type DbEngineSettings } from '../wiring/db-engines.ts'
import type { Examined } from './doctor-report.ts'
import { openCopies } from './open-copies.ts'

/** Something that can be examined, again and again, until it is let go. */
export interface Patient extends AsyncDisposable {
  examine(repair: boolean): Promise<Examined>
  /** Takes stores out of those that decide. */
  forget(names: readonly EngineName[]): Promise<void>
}

/** Stores that no process has, so that this one may do with them what it must. */
export interface StoppedPatient extends Patient {
  /** See found-on.ts. */
  foundOn(on: EngineName, gone: readonly EngineName[]): Promise<void>
}

/**
 * Opens the stores of a data folder themselves, and the copies of the directory, none of them depending on another, so that stores can be looked at that
 * Ennead would not start on. Rejects with NOT_RUNNING for a data folder that has none.
 */
export async function openStores(
  settings: DbEngineSettings & { readonly data: string },
): Promise<StoppedPatient> {
  const { data: folder, databaseUrl, mongoUrl } = settings
  if (databaseUrl === undefined && mongoUrl === undefined) {
    await access(join(folder, 'db')).catch((cause: unknown) => {
      const why = `the data folder ${folder} has no stores and no process runs on it; give the right one with --data`
      throw new EnneadError('NOT_RUNNING', why, { cause })
    })
  }
  const log = jsonLog({ level: 'error' })
  const lifecycle = new Lifecycle(log)
  try {
    const data = await openDataFolder(folder, ['db'])
    lifecycle.add('data folder', () => data[Symbol.asyncDispose]())
    const stores: (OpenStore | ClosedStore)[] = []
    for (const source of await dbEngines(settings, data, lifecycle, log)) {
      if ('absent' in source) continue
      const { name } = source
      try {
        const engine = await source.open()
        lifecycle.add(name, () => engine.close())
        // What is empty after every start has nothing to be looked at.
        if (engine.inspection !== undefined) stores.push({ name, engine, learner: source.learner })
      } catch (failure) {
        if (!(failure instanceof EnneadError)) throw failure
        stores.push({ name, why: failure.message })
      }
    }
    const users = await openCopies(folder, lifecycle)
    const parts = { stores, clock: systemClock, random: Math.random, log }
    return {
      forget: names => forgetStores({ ...parts, names }),
      foundOn: (on, gone) => foundOn({ ...parts, on, gone }),
      examine: async repair => ({
        stores: await examine({ stores, clock: systemClock, repair }),
        users: await users?.(repair),
      }),
      [Symbol.asyncDispose]: () => lifecycle.close(),
    }
  } catch (failure) {
    await lifecycle.close()
    throw failure
  }
}
