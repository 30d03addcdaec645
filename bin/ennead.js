#!/usr/bin/env -S node --max-semi-space-size=32
// Runs Ennead as published (JavaScript in dist/) or from a checkout (TypeScript in cli/), on Node 24 or later.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = join(root, 'dist', 'cli', 'main.js')
const source = join(root, 'cli', 'main.ts')
const main = existsSync(source) ? source : built

if (Number(process.versions.node.split('.')[0]) >= 24) {
  const { main: run } = await import(pathToFileURL(main).href)
  await run(process.argv.slice(2))
} else {
  // The `node` package brings Node 24 to hosts with an older one.
  let node
  try {
    node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node')
  } catch {
    console.error(
      `ennead needs Node 24 or later; this is ${process.version}. Install it, or run: npm install node@24`,
    )
    process.exit(2)
  }
  const { status, signal } = spawnSync(node, ['--max-semi-space-size=32', main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exit(signal === null ? (status ?? 1) : 1)
}
