import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limitSettings } from '../../cli/limit-settings.ts'
import { gatewaySettings, startSettings } from '../../cli/settings.ts'
import { doorLimits, operationOptions } from '../../cli/wiring/limits.ts'
import { socketSettings } from '../../cli/socket-settings.ts'
import { gatewayLimitDefaults } from '../../gateway/admission/gateway-limits.ts'
import { costDefaults } from '../../gateway/operation/cost-options.ts'
import { operationLimits } from '../../gateway/operation/limits.ts'
import { errorDefinitions } from '../../kernel/errors.ts'
import { flagOf, readSettings } from '../../kernel/settings.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'limits.md'), 'utf8')
const rows = [
  ...text.matchAll(/^\| `(\w+)`\s+\| ([\w,]+)\s+\| (?:`(--[\w-]+)`)?\s*\| (?:([A-Z_]+)[^|]*)?\s*\|/gm),
].map(([, name = '', value = '', flag, code]) => ({ name, value, flag, code }))

const defaults: Readonly<Record<string, unknown>> = {
  ...gatewayLimitDefaults,
  ...costDefaults,
  ...operationLimits,
}

test('docs/limits.md tells the defaults', () => {
  expect(rows.length).toBeGreaterThan(15)
  for (const { name, value } of rows) expect(`${name} ${String(defaults[name])}`).toBe(`${name} ${value}`)
  const bounds = rows.map(({ name }) => name)
  expect(bounds).toEqual(
    expect.arrayContaining([...Object.keys(operationLimits), ...Object.keys(costDefaults)]),
  )
})

test('docs/limits.md names real codes and every flag, and both commands take them', () => {
  for (const { code } of rows) if (code !== undefined) expect(errorDefinitions).toHaveProperty(code)
  const flags = Object.keys(limitSettings)
    .filter(name => name !== 'explainCost' && name !== 'introspection')
    .map(flagOf)
  expect(rows.flatMap(({ flag }) => flag ?? [])).toEqual(expect.arrayContaining(flags))
  for (const settings of [startSettings, gatewaySettings]) {
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(Object.keys(limitSettings)))
  }
})

test('flags that are left out mean the defaults, and those given reach their limit', () => {
  const times = { requestTimeoutMs: 500, mutationTimeoutMs: 5_000 }
  const read = (argv: readonly string[]): Readonly<Record<string, unknown>> => {
    const settings = readSettings({ ...limitSettings, ...socketSettings }, argv, {})
    const { limits, cost } = operationOptions(settings)
    return { ...limits, ...cost, ...doorLimits({ ...settings, ...times }) }
  }
  expect(defaults).toMatchObject(read([]))
  for (const { name, flag, value } of rows) {
    if (flag === undefined || name.endsWith('TimeoutMs')) continue
    const given = name === 'slicingArguments' ? 'take' : String(Number(value) + 1)
    const wanted = name === 'slicingArguments' ? ['take'] : Number(value) + 1
    expect(read([flag, given])).toHaveProperty(name, wanted)
  }
})
