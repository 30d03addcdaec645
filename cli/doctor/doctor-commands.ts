import type { DbDomain } from '../../subgraphs/db/domain.ts'
import { examine } from '../../subgraphs/db/doctor/examine.ts'
import type { ControlHandlers } from '../control.ts'

/** What `ennead doctor` asks of the process that has the db domain. */
export function doctorCommands(db: DbDomain): ControlHandlers {
  return new Map([
    ['doctor', ({ repair }) => examine({ stores: db.stores(), clock: db.clock, repair: repair === true })],
  ])
}
