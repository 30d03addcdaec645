import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node itself resolves it: Vite would take graphql's ESM copy beside the one Apollo's packages require.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make servers under test wait for each other.
    maxWorkers: 2,
  },
})
