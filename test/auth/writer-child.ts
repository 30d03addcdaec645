import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { sessionRecord } from './records.ts'

/** Writes sessions one after the other into the folder given and tells each that is durable, until it is killed. */
const [, , path = ''] = process.argv
const directory = await openDirectory(path)
for (let number = 1; ; number++) {
  await directory.merge([sessionRecord({ id: `session-${number}` })])
  process.stdout.write(`${number}\n`)
}
