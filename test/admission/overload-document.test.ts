import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { admissionOptions } from '../../cli/wiring/admission.ts'
import { admissionSettings, gatewaySettings, startSettings } from '../../cli/settings.ts'
import { admissionDefaults } from '../../gateway/admission/admission-limits.ts'
import { flagOf, readSettings } from '../../kernel/settings.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'overload.md'), 'utf8')
const rows = [...text.matchAll(/^\| `(\w+)`\s+\| ([\d.]+|none)\s+\| (?:`(--[\w-]+)`)?\s*\|/gm)].map(
  ([, name = '', value = '', flag]) => ({ name, value, flag }),
)

test('docs/overload.md names every option with its default', () => {
  const numbers = rows.filter(({ value }) => value !== 'none')
  expect(Object.fromEntries(numbers.map(({ name, value }) => [name, Number(value)]))).toEqual(
    admissionDefaults,
  )
})

test('docs/overload.md names every flag, and both commands take them', () => {
  const flags = rows.flatMap(({ flag }) => flag ?? [])
  expect(flags.toSorted()).toEqual(Object.keys(admissionSettings).map(flagOf).toSorted())
  for (const settings of [startSettings, gatewaySettings]) {
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(Object.keys(admissionSettings)))
  }
})

test('flags that are left out mean the defaults of the options', () => {
  const { essentialOperations, ...numbers } = admissionOptions(readSettings(admissionSettings, [], {}))
  expect(essentialOperations).toEqual([])
  expect(admissionDefaults).toMatchObject(numbers)
})

test('every flag reaches its option', () => {
  const given = rows.flatMap(({ flag, value }) => {
    if (flag === undefined || value === 'none') return []
    // Larger than the default and still allowed beside the others.
    const scale = flag.endsWith('-percent') ? 100 : 1
    return [flag, String(Math.round(Number(value) * scale) + 1)]
  })
  const options = admissionOptions(
    readSettings(admissionSettings, [...given, '--essential-operations', 'Board,Inbox'], {}),
  )
  expect(options.essentialOperations).toEqual(['Board', 'Inbox'])
  for (const { name, value, flag } of rows) {
    if (flag === undefined || value === 'none') continue
    const step = flag.endsWith('-percent') ? 0.01 : 1
    expect(options).toHaveProperty(name)
    expect(Object.entries(options).find(([key]) => key === name)?.[1]).toBeCloseTo(Number(value) + step)
  }
})
