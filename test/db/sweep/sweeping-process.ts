/*
 * A child of real-stores.test.ts: a process of the db domain that sweeps. Told `prepare <task id>` on standard input it looks at the task
 * in each store, as a sweep that is about to put it right; told `mend` it goes on with that under the term it had by then.
 */
import { createInterface } from 'node:readline'
import { sleep, systemClock } from '../../../kernel/clock.ts'
import { codeOf } from '../../contract/store-under-test.ts'
import { openDbDomain } from '../../../subgraphs/db/domain.ts'
import type { StoreInspection } from '../../../subgraphs/db/store-inspection.ts'
import { everyone } from '../domain/fixture.ts'
import { enginesOn, sweepLimits } from './engines-on.ts'

const [sqlUrl = '', mongoUrl = '', redisUrl = ''] = process.argv.slice(2)
const domain = await openDbDomain({
  engines: enginesOn({ sqlUrl, mongoUrl, redisUrl }),
  actors: everyone,
  limits: sweepLimits,
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const never = new AbortController().signal

while (domain.sweep().term === undefined) await sleep(systemClock, 10)
say('sweeps')

let mends: readonly (() => Promise<void>)[] = []
for await (const line of createInterface({ input: process.stdin })) {
  const [command, id = ''] = line.split(' ')
  if (command === 'prepare') {
    const term = domain.sweep().term ?? 0
    mends = await Promise.all(
      domain.stores().map(async store => {
        if (!('engine' in store) || store.engine.inspection === undefined) throw new Error(`no ${store.name}`)
        const { inspection } = store.engine
        const one = await found(inspection, id)
        if (one.record === undefined) throw new Error(`no ${id} in ${store.name}`)
        const record = { ...one.record, title: 'from the past' } as typeof one.record
        return () => inspection.mend([{ ...one, record }], never, { name: 'sweep', term })
      }),
    )
    say(`prepared under ${term}`)
  }
  if (command === 'mend') {
    const outcomes = await Promise.all(mends.map(mend => mend().then(() => 'done', codeOf)))
    say(outcomes.join(' '))
  }
}

async function found(inspection: StoreInspection, id: string) {
  for (let after: string | undefined = ''; after !== undefined;) {
    const page = await inspection.look(after, 100, never)
    const one = page.found.find(({ key }) => key.id === id)
    if (one !== undefined) return one
    after = page.next
  }
  throw new Error(`there is no ${id}`)
}
