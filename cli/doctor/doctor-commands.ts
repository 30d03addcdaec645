import type { AuthDomain } from '../../subgraphs/auth/domain.ts'
import type { DbDomain } from '../../subgraphs/db/domain.ts'
import { examine } from '../../subgraphs/db/doctor/examine.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { engineNames } from '../../subgraphs/db/engine-slot.ts'
import type { ControlHandlers } from '../control.ts'

/** What `ennead doctor` asks of the process that has the auth domain. */
export function directoryDoctorCommands(auth: AuthDomain): ControlHandlers {
  return new Map([['doctor/directory', ({ repair }) => auth.examineDirectory(repair === true)]])
}

/** What `ennead doctor` asks of the process that has the db domain. */
export function doctorCommands(db: DbDomain): ControlHandlers {
  return new Map<string, (input: Readonly<Record<string, unknown>>) => Promise<unknown>>([
    ['doctor', ({ repair }) => examine({ stores: db.stores(), clock: db.clock, repair: repair === true })],
    [
      'doctor/forget',
      async ({ store }) => {
        const name = engineNames.find(one => one === store)
        if (name === undefined) throw new EnneadError('BAD_OPTION', `there is no store ${String(store)}`)
        await db.forget(name)
      },
    ],
  ])
}
