import mongoose, { type Connection } from 'mongoose'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import { knownMongoFailure } from './mongo-failure.ts'

/** How safe a write must be before it is answered. */
export interface WriteConcern {
  readonly w: number | 'majority'
  readonly j: boolean
}

export interface MongoConnection {
  readonly connection: Connection
  /** `MongoDB 8.0.4` */
  readonly detail: string
  /** On disk, and on most members where there are several. */
  readonly durable: WriteConcern
  /** Taken in, made durable by the next durable write: the journal and the oplog keep the order. */
  readonly ordered: WriteConcern
}

/** Connections to one server. Calls beyond wait for one, and leave when their attempt ends. */
const connectionsMax = 20
/** A connection on which an answer does not come for this long is given up. */
const silenceMs = 10_000

/**
 * Connects; rejects with UNAVAILABLE, naming hosts only, with BAD_OPTION for a URL that is not MongoDB's, or with AGENT_FAULT
 * and a way out when the server refuses.
 */
export async function connectMongo(
  url: string,
  database: string | undefined,
  connectTimeoutMs: number,
  log: Log,
): Promise<MongoConnection> {
  const parsed = /^mongodb(?:\+srv)?:\/\/(?:[^/?]*@)?([^/?@]+)(?:\/([^?]*))?/.exec(url)
  if (parsed === null) {
    throw new EnneadError('BAD_OPTION', 'the URL of MongoDB must begin with mongodb:// or mongodb+srv://')
  }
  const [, hosts = '', path = ''] = parsed
  try {
    const dbName = database ?? (path === '' ? 'ennead' : decodeURIComponent(path))
    const connection = mongoose.createConnection(url, {
      dbName,
      bufferCommands: false,
      autoIndex: false,
      autoCreate: false,
      serverSelectionTimeoutMS: connectTimeoutMs,
      connectTimeoutMS: connectTimeoutMs,
      socketTimeoutMS: silenceMs,
      waitQueueTimeoutMS: silenceMs,
      maxPoolSize: connectionsMax,
      heartbeatFrequencyMS: 2_000,
    })
    // Without a listener an error of the connection would end the process; every call reports its own.
    connection.on('error', (failure: unknown) => log.warn('db.mongo.connection', { hosts, failure }))
    await connection.asPromise().catch(async (failure: unknown) => {
      await connection.close(true)
      throw failure
    })
    return { connection, ...(await describe(connection)) }
  } catch (cause) {
    if (cause instanceof Error && badUrl.has(cause.name)) {
      throw new EnneadError('BAD_OPTION', `the URL of MongoDB at ${hosts} cannot be read`, { cause })
    }
    throw (
      knownMongoFailure(cause) ??
      new EnneadError('UNAVAILABLE', `MongoDB at ${hosts} cannot be reached`, { cause })
    )
  }
}

/** How the driver, and the URL parser it uses, say that a URL is wrong; not all of these classes are exported. */
const badUrl: ReadonlySet<string> = new Set([
  'MongoParseError',
  'MongoInvalidArgumentError',
  'MongoRuntimeError',
  'URIError',
])

async function describe(connection: Connection): Promise<Omit<MongoConnection, 'connection'>> {
  const { db } = connection
  if (db === undefined) throw new EnneadError('UNAVAILABLE', 'MongoDB is not connected')
  const { version } = await db.admin().command({ buildInfo: 1 })
  const hello = await db.admin().command({ hello: 1 })
  const members = hello['setName'] !== undefined || hello['msg'] === 'isdbgrid'
  return {
    detail: `MongoDB ${String(version)}`,
    durable: { w: members ? 'majority' : 1, j: true },
    ordered: { w: 1, j: false },
  }
}
