/* A db process of the torture: reads and changes records through a domain of its own until it is killed or told to end. */
import { openSync, writeSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { openRedisCache } from '../../subgraphs/db/agents/cache/redis-cache.ts'
import { openMongoStore } from '../../subgraphs/db/agents/nosql/mongo-store.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import { openDbDomain } from '../../subgraphs/db/domain.ts'
import { commitOf, task } from '../contract/sample-records.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { HistoryLine, WorkerSettings } from './history.ts'

// Given by the parent, which is ours.
const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings
const { sql, nosql, cache, history, diary, name, seed, clients, after } = settings
const diaryFile = openSync(diary, 'a')
const log = jsonLog({ level: 'info', write: line => void writeSync(diaryFile, `${line}\n`) })
const random = seededRandom(seed)
/** The wall clock of this process jumps by up to a day when it is told to, forth or back. */
let jumpMs = 0
const dayMs = 86_400_000
process.on('SIGUSR2', () => (jumpMs = Math.round((random() * 2 - 1) * dayMs)))
const clock: Clock = { ...systemClock, wall: () => Date.now() + jumpMs }
const domain = await openDbDomain({
  engines: [
    {
      name: 'sql',
      open: () => openSqlStore({ connection: { kind: 'url', url: sql }, connectTimeoutMs: 1_000, log }),
    },
    {
      name: 'nosql',
      open: () => openMongoStore({ url: nosql, database: 'torture', connectTimeoutMs: 1_000, log }),
    },
    {
      name: 'cache',
      open: () => openRedisCache({ url: cache, prefix: 'torture', connectTimeoutMs: 1_000, log }),
    },
  ],
  actors: { known: (_, ids) => Promise.resolve(new Set(ids)) },
  clock,
  limits: { reopenFirstMs: 100, reopenLastMs: 1_000, probeMs: 200, silentMs: 1_000 },
  log,
})

const file = openSync(history, 'a')
/** Written at once, so that a process that is killed leaves the beginning of everything it had begun. */
const note = (line: HistoryLine): void => void writeSync(file, `${JSON.stringify(line)}\n`)
const now = (): number => Number(process.hrtime.bigint() / 1_000n)
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())

/** All processes use the same records, each for a while only, so that their histories can be searched. */
const recordMs = 3_000
const recordsAtOnce = 8
const recordId = (): string =>
  `task_${Math.floor(Date.now() / recordMs)}_${Math.floor(random() * recordsAtOnce)}`

async function operate(client: number): Promise<void> {
  for (let number = 0; !ending.signal.aborted; number++) {
    const record = recordId()
    const operation = `${name}-${client}-${number}`
    const reads = random() < 0.6
    const version = await read(record, operation)
    if (!reads && version !== undefined) await swap(record, version, operation)
  }
}

/** What the record is, as of a moment in between; undefined: it could not be read. */
async function read(record: string, operation: string): Promise<number | undefined> {
  const from = now()
  try {
    await domain.learn()
    const [found] = await domain.current.call('read', [{ kind: 'task', id: record }], {
      timeoutMs: 2_000,
      attemptMs: 500,
    })
    const saw = found?.version ?? 0
    note({ is: 'read', record, operation: `${operation}r`, from, to: now(), saw })
    return saw
  } catch (failure) {
    note({ is: 'unread', operation: `${operation}r`, from, to: now(), why: told(failure) })
    return undefined
  }
}

async function swap(record: string, version: number, operation: string): Promise<void> {
  const id = randomUUID()
  note({ is: 'begun', record, operation, id, from: now(), expected: version })
  const commit = commitOf(id, task(record, { version: version + 1, title: operation }))
  try {
    const outcome = await domain.writer.commit(commit)
    const seq = outcome.is === 'committed' ? outcome.position.seq : undefined
    note({ is: 'ended', operation, to: now(), outcome: outcome.is, seq, why: undefined })
  } catch (failure) {
    const isUnknown = failure instanceof EnneadError && failure.code === 'UNKNOWN_COMMIT_OUTCOME'
    const outcome = isUnknown ? 'unknown' : 'refused'
    note({ is: 'ended', operation, to: now(), outcome, seq: undefined, why: told(failure) })
  }
}

/** Follows the change log as a client does that takes note of where it is, and goes on there after every failure. */
async function follow(): Promise<void> {
  let place = after
  for (let more = true; more || !ending.signal.aborted;) {
    try {
      const waitMs = ending.signal.aborted ? 0 : 1_000
      const page = await domain.changes.read({ after: place, first: 500, waitMs }, ending.signal)
      const events = page.entries.map(({ id }) => id)
      if (place !== undefined) note({ is: 'heard', after: place, next: page.next, events })
      place = page.next
      more = page.more
    } catch (failure) {
      if (failure instanceof EnneadError && failure.kind === 'caller') {
        note({ is: 'lost', after: place ?? '', why: told(failure) })
        return
      }
      await pause(50)
    }
  }
}

/** What an operator would read of it, with what each store said; numbers left out, so that equal causes are counted as one. */
function told(failure: unknown): string {
  if (!(failure instanceof EnneadError)) return String(failure)
  const said = failure.cause instanceof AggregateError ? failure.cause.errors : [failure.cause]
  const causes = said.flatMap((cause: unknown) => (cause instanceof Error ? [cause.message] : []))
  const text = `${failure.code}: ${failure.message}${causes.length === 0 ? '' : ` (${causes.join('; ')})`}`
  return text.replaceAll(/\d+/g, 'N')
}

const telling = setInterval(() => {
  const { ready, agents } = domain.health()
  process.stdout.write(`${JSON.stringify({ ready, agents })}\n`)
}, 100)
const following = follow()
await Promise.all(Array.from({ length: clients }, (_, client) => operate(client)))
await following
clearInterval(telling)
await domain.close()
process.exit(0)
