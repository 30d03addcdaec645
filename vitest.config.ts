import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

// What one run makes once for all its workers (test/support/made-once.ts).
if (process.env['ENNEAD_TEST_MADE'] === undefined) {
  const made = mkdtempSync(join(tmpdir(), 'ennead-made-'))
  process.env['ENNEAD_TEST_MADE'] = made
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
}

export default defineConfig({
  // As Node itself resolves it: Vite would take graphql's ESM copy beside the one Apollo's packages require.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make servers under test wait for each other.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'ennead', include: ['test/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          // What stands on plans, once more with the other planner.
          name: 'rust planner',
          include: [
            'test/gateway/{degradation,differential,errors,federation,keys,override-labels,subscriptions}.test.ts',
          ],
          env: { ENNEAD_TEST_PLANNER: 'rust' },
        },
      },
    ],
  },
})
