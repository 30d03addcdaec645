import type { Connection } from 'mongoose'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import { StampedLayout, type StoreLayout } from '../../layout.ts'
import { connectMongo } from './mongo-connection.ts'

const layout = new StampedLayout('nosql', 'the MongoDB database')
const collection = 'layout'

interface LayoutDocument {
  readonly _id: 'layout'
  readonly version: number
}

/** Says which layout the data have, before anything is read. Throws STORE_TOO_NEW for that of a newer Ennead. */
export async function stampMongo(connection: Connection): Promise<void> {
  const stamp = await stampOf(connection)
  layout.check(stamp ?? 1)
  if (stamp !== undefined) return
  await connection
    .collection<LayoutDocument>(collection)
    .updateOne(
      { _id: 'layout' },
      { $setOnInsert: { version: layout.steps.length } },
      { upsert: true, writeConcern: { w: 'majority', j: true } },
    )
}

/** The layout of a MongoDB database. Rejects with UNAVAILABLE when it cannot be reached. */
export async function openMongoLayout(url: string, log: Log): Promise<StoreLayout> {
  const { connection, detail } = await connectMongo(url, undefined, 5_000, log)
  const present = async (): Promise<number> => {
    const stamp = await stampOf(connection)
    if (stamp !== undefined) return stamp
    // Those before this version have no stamp.
    const found = await connection.db?.listCollections({}, { nameOnly: true }).toArray()
    return found === undefined || found.length === 0 ? 0 : 1
  }
  return {
    detail: `${detail}, database ${connection.name}`,
    steps: layout.steps,
    present,
    move: async to => layout.move(await present(), to),
    [Symbol.asyncDispose]: () => connection.close(true),
  }
}

async function stampOf(connection: Connection): Promise<number | undefined> {
  const found = await connection.collection<LayoutDocument>(collection).findOne({ _id: 'layout' })
  if (found === null) return undefined
  if (Number.isSafeInteger(found.version) && found.version >= 1) return found.version
  throw new EnneadError(
    'DATA_FOLDER_CORRUPT',
    'the collection "layout" of the MongoDB database is not of Ennead',
  )
}
