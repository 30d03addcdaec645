import { expect, test } from 'vitest'
import { runEnnead } from '../e2e/running-ennead.ts'

interface Findings {
  readonly cells: readonly { readonly arm: string; readonly e: number; readonly measured: number }[]
  readonly verdicts: readonly { readonly promise: string; readonly kept: boolean }[]
}

test(
  'the short form on the real stack: what is promised about availability is kept, and the model is what happens',
  { timeout: 180_000 },
  async () => {
    // A machine that runs tests stands still now and then; how fast answers are is measured where nothing else runs.
    const patient = [
      '--attempt-timeout-ms',
      '2000',
      '--domain-timeout-ms',
      '8000',
      '--request-timeout-ms',
      '20000',
    ]
    const ran = await runEnnead(['reliability', '--short', '--json', ...patient])
    const { cells, verdicts } = JSON.parse(ran.stdout) as Findings // Printed by our own command.
    expect(verdicts.filter(({ promise, kept }) => !kept && !promise.includes('p99'))).toEqual([])
    expect(cells.map(({ arm, e }) => `${arm} ${e}`)).toEqual(
      ['0', '0.15'].flatMap(e => ['single', 'failover', 'hedge', 'quorum'].map(arm => `${arm} ${e}`)),
    )
    // It can fail: single agents lose four requests of ten.
    expect(cells.find(({ arm, e }) => arm === 'single' && e === 0.15)?.measured).toBeLessThan(0.7)
  },
)
