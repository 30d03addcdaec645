import { randomUUID } from 'node:crypto'
import type { MongoConnection } from './mongo-connection.ts'

interface LifeDocument {
  readonly _id: 'life'
  readonly name: string
}

/**
 * The life of a database: from its first entry until it is dropped. What begins and ends in one life was never without
 * what the store held at its beginning, even if somebody has dropped the database and filled it again in between.
 */
export class MongoLife {
  readonly #mongo: Pick<MongoConnection, 'connection' | 'durable'>
  #name = ''

  constructor(mongo: Pick<MongoConnection, 'connection' | 'durable'>) {
    this.#mongo = mongo
  }

  /** The one this process knows of; empty before `learn`. */
  get name(): string {
    return this.#name
  }

  /** Learns which life the database is in, and names it when it is new. Before its log is looked at. */
  async learn(): Promise<void> {
    const present = await this.#present()
    if (present !== undefined) {
      this.#name = present
      return
    }
    // Of two processes at once one names it.
    await this.#lives.updateOne(
      { _id: 'life' },
      { $setOnInsert: { name: randomUUID() } },
      { upsert: true, writeConcern: this.#mongo.durable },
    )
    this.#name = (await this.#present()) ?? ''
  }

  /** Is the database in this life still? */
  async is(name: string): Promise<boolean> {
    return (await this.#present()) === name
  }

  async #present(): Promise<string | undefined> {
    return (await this.#lives.findOne({ _id: 'life' }))?.name
  }

  get #lives() {
    return this.#mongo.connection.collection<LifeDocument>('life')
  }
}
