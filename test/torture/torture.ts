import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isLinearizable } from '../support/linearizable.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { MongoCommand } from '../services/mongo.ts'
import { type History, heardIn, historyOf } from './history.ts'
import { compareStores } from './judge.ts'
import { type TorturedStore, startStores } from './stores.ts'

export interface TortureOptions {
  readonly minutes: number
  readonly seed: number
  /** Of which kinds faults are, and of which stores. Default: all. */
  readonly kinds?: readonly FaultKind[]
  readonly stores?: readonly TorturedStore['name'][]
  readonly postgres: string
  readonly mongo: MongoCommand
  readonly redis: string
  /** Ends it early, judged as far as it came. */
  readonly signal?: AbortSignal
  /** Is told what is done to which store. */
  readonly tell: (line: string) => void
}

export interface TortureReport {
  readonly operations: number
  readonly commits: number
  readonly faults: Readonly<Record<string, number>>
  readonly unavailable: number
  readonly unknown: number
  /** Why operations were not done, and the fault before. */
  readonly reasons: Readonly<Record<string, number>>
  /** Of the log. */
  readonly entries: number
  /** That followers were told, across all faults. */
  readonly events: number
  /** What must not be; empty: all is well. */
  readonly wrong: readonly string[]
}

/** What can be done to a store, or to a process. */
export const faultKinds = ['kill', 'freeze', 'stall', 'reset', 'empty', 'full', 'process', 'clock'] as const
export type FaultKind = (typeof faultKinds)[number]
const clients = 12
const settleMsMax = 60_000
const noticedMs = 800
const lossNoticedMsMax = 5_000

/** What was done, and when: microseconds of the machine's monotonic clock. */
interface Fault {
  readonly at: number
  readonly what: string
}

interface Worker {
  readonly child: ChildProcess
  /** Its file, after those of the processes it goes on for. */
  readonly files: readonly string[]
  /** All stores hold all there is and have their vote, as it sees it. */
  isWell: boolean
}

/**
 * Two db processes under load, one fault at a time for `minutes`, and then a judgement on all that was told. It ends early, and
 * says so as something wrong, when a fault is not overcome.
 */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const { minutes, seed, kinds = faultKinds, tell } = options
  const random = seededRandom(seed)
  await using stores = await startStores(options.postgres, options.mongo, options.redis)
  const victims = stores.all.filter(({ name }) => options.stores?.includes(name) ?? true)
  if (stores.all.some(({ disk }) => disk === undefined))
    tell('no disk is filled: that needs Linux, and root to mount small ones')
  const folder = await mkdtemp(join(tmpdir(), 'ennead-torture-'))
  const histories = join(folder, 'histories')
  await mkdir(histories)
  try {
    let started = 0
    const start = (before: readonly string[]): Promise<Worker> => {
      const [number, seed] = [++started, Math.floor(random() * 2 ** 31)]
      return launch([...before, join(histories, `p${number}`)], number, stores.all, seed)
    }
    const workers = [await start([]), await start([])]
    const areWell = (): boolean => workers.every(worker => worker.isWell)
    await until(areWell, settleMsMax)
    const faults: Fault[] = []
    const stuck: string[] = []
    const end = performance.now() + minutes * 60_000
    while (performance.now() < end && options.signal?.aborted !== true) {
      const kind = kinds[Math.floor(random() * kinds.length)] ?? 'kill'
      const store = victims[Math.floor(random() * victims.length)]
      if (store === undefined) throw new Error('no store')
      if (kind === 'full' && store.disk === undefined) continue
      const what = kind === 'process' || kind === 'clock' ? kind : `${kind} ${store.name}`
      tell(what)
      faults.push({ at: Number(process.hrtime.bigint() / 1_000n), what })
      const victim = Math.floor(random() * workers.length)
      const worker = workers[victim]
      if (kind === 'clock') worker?.child.kill('SIGUSR2')
      else if (kind === 'process' && worker !== undefined) {
        const ended = once(worker.child, 'exit')
        worker.child.kill('SIGKILL')
        await ended
        workers[victim] = await start(worker.files)
      } else if (kind !== 'process') await suffer(kind, store, 200 + random() * 800)
      // A loss that nobody has noticed yet is not overcome.
      if (kind === 'empty') await until(() => workers.some(({ isWell }) => !isWell), lossNoticedMsMax)
      // Until both must have noticed it.
      await pause(noticedMs)
      for (const worker of workers) worker.isWell = false
      // One fault at a time: the next one would be a second, of which nothing is promised.
      if (!(await until(areWell, settleMsMax))) {
        stuck.push(`not well ${settleMsMax} ms after ${what}`)
        break
      }
      await pause(random() * 300)
    }
    for (const { child } of workers) child.kill('SIGTERM')
    await Promise.all(workers.map(({ child }) => once(child, 'exit')))
    const files = await readdir(histories)
    const history = historyOf(await Promise.all(files.map(file => readFile(join(histories, file), 'utf8'))))
    const followers = await Promise.all(workers.map(async worker => heardIn(await readAll(worker.files))))
    const { wrong, entries } = await compareStores(stores.all, history.told, followers)
    const events = followers.flatMap(({ pages }) => pages).reduce((sum, page) => sum + page.events.length, 0)
    const findings = [...stuck, ...wrong, ...nonLinearizable(history)]
    if (findings.length === 0) await rm(folder, { recursive: true, force: true })
    else tell(`something is wrong; what every client saw and every process logged is kept in ${folder}`)
    return report(history, faults, { entries, events }, findings)
  } catch (failure) {
    tell(`broken off; what every client saw and every process logged until then is kept in ${folder}`)
    throw failure
  }
}

async function launch(
  files: readonly string[],
  number: number,
  stores: readonly TorturedStore[],
  seed: number,
): Promise<Worker> {
  const urls = Object.fromEntries(stores.map(({ name, url }) => [name, url]))
  const name = `p${number}`
  const after = heardIn(await readAll(files.slice(0, -1))).pages.at(-1)?.next
  const history = files.at(-1) ?? ''
  const diary = join(dirname(dirname(history)), `${name}.log`)
  const settings = JSON.stringify({ ...urls, name, seed, clients, history, diary, after })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker.ts'), settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const killed = (): void => void child.kill('SIGKILL')
  process.once('exit', killed)
  child.once('exit', () => process.off('exit', killed))
  const worker: Worker = { child, files, isWell: false }
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (text + chunk.toString()).split('\n')
    text = lines.pop() ?? ''
    const last = lines.at(-1)
    if (last === undefined) return
    // The worker's own health.
    const { ready, agents } = JSON.parse(last) as { ready: boolean; agents: { detail: string }[] }
    worker.isWell = ready && agents.every(({ detail }) => /, (at \d+|[12]?\d behind)$/.test(detail))
  })
  return worker
}

function readAll(files: readonly string[]): Promise<readonly string[]> {
  return Promise.all(files.map(file => readFile(file, 'utf8')))
}

async function suffer(
  kind: 'kill' | 'freeze' | 'stall' | 'reset' | 'empty' | 'full',
  store: TorturedStore,
  ms: number,
): Promise<void> {
  switch (kind) {
    case 'kill':
      await store.process.kill()
      await pause(ms)
      return store.process.start()
    case 'freeze':
      store.process.freeze()
      await pause(ms)
      return store.process.thaw()
    case 'stall':
      store.wire.suffer({ is: 'stall' })
      await pause(ms)
      store.wire.suffer({ is: 'none' })
      // What was swallowed never arrives: as after a network has lost it for good.
      return store.wire.reset()
    case 'reset':
      return store.wire.reset()
    case 'empty':
      return store.empty()
    case 'full':
      await store.disk?.fill()
      await pause(ms)
      await store.disk?.free()
      // Some end when they cannot write; an operator starts them again.
      return store.process.revive(2_000)
    default:
      return undefined
  }
}

async function until(condition: () => boolean, msMax: number): Promise<boolean> {
  const end = performance.now() + msMax
  while (!condition()) {
    if (performance.now() > end) return false
    await pause(20)
  }
  return true
}

function nonLinearizable({ registers }: History): string[] {
  return [...registers].flatMap(([record, operations]) =>
    isLinearizable(operations, '0') ? [] : [`the history of ${record} is not linearizable`],
  )
}

function report(
  { operations, told, unavailable, unknown, failures }: History,
  faults: readonly Fault[],
  log: { readonly entries: number; readonly events: number },
  wrong: readonly string[],
): TortureReport {
  const before = (from: number): string => faults.findLast(({ at }) => at <= from)?.what ?? 'no fault'
  return {
    operations,
    commits: [...told.values()].filter(place => place !== 'never').length,
    faults: counted(faults.map(({ what }) => what)),
    unavailable,
    unknown,
    reasons: counted(failures.map(({ from, why }) => `${before(from)}: ${why}`)),
    ...log,
    wrong,
  }
}

/** How often each of the words is there. */
function counted(words: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([, one], [, other]) => other - one))
}
