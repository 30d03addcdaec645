import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  choice,
  describeSettings,
  flagOf,
  integer,
  list,
  readSettings,
  secret,
  text,
  toggle,
  url,
  variableOf,
} from '../../kernel/settings.ts'

const table = {
  port: integer('Where to listen.', 4000, 0, 65_535),
  demo: toggle('Create a demo workspace.', true),
  logLevel: choice('How much to log.', 'warn', ['warn', 'error']),
  data: text('Data folder.', '.ennead'),
  databaseUrl: url('PostgreSQL.', ['postgres:']),
  hopSecret: secret('Shared secret.'),
  disable: list('Agents to leave out.', ['db.sql', 'db.nosql']),
}

test('without flags and environment every setting has its default', () => {
  expect(readSettings(table, [], {})).toEqual({
    port: 4000,
    demo: true,
    logLevel: 'warn',
    data: '.ennead',
    databaseUrl: undefined,
    hopSecret: undefined,
    disable: [],
  })
})

test('a flag wins over the environment, with and without an equals sign', () => {
  const environment = { ENNEAD_PORT: '1', ENNEAD_LOG_LEVEL: 'error' }
  expect(readSettings(table, ['--port', '2'], environment)).toMatchObject({ port: 2, logLevel: 'error' })
  expect(readSettings(table, ['--port=3', '--data=a=b'], environment)).toMatchObject({ port: 3, data: 'a=b' })
})

test('a switch is turned off by --no- and takes no separate value', () => {
  expect(readSettings(table, ['--no-demo', '--port', '5'], {})).toMatchObject({ demo: false, port: 5 })
  expect(readSettings(table, ['--demo=false'], {})).toMatchObject({ demo: false })
})

test.each([
  [['--prot', '1'], 'unknown flag "--prot"'],
  [['word'], 'unexpected argument "word"'],
  [['--port'], '--port needs a value: an integer from 0 to 65535'],
  [['--port', '70000'], '--port: "70000" is not allowed; it must be an integer from 0 to 65535'],
  [['--port', '1e3'], '"1e3" is not allowed'],
  [['--log-level', 'loud'], 'it must be warn, error'],
  [['--disable', 'db.sql,db.x'], 'any of db.sql, db.nosql'],
  [['--no-port'], 'unknown flag "--no-port"'],
])('%j is refused with what is allowed', (argv, message) => {
  expect(() => readSettings(table, argv, {})).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(message) }),
  )
})

test('a wrong value from the environment names the variable', () => {
  expect(() => readSettings(table, [], { ENNEAD_PORT: 'x' })).toThrow('ENNEAD_PORT: "x" is not allowed')
})

test('a refused secret or URL is not shown', () => {
  const refusal = (): unknown => readSettings(table, ['--database-url', 'mysql://user:hunter2@host'], {})
  expect(refusal).toThrow('--database-url: the value given is not allowed')
  expect(refusal).not.toThrow('hunter2')
})

test('help names every flag, variable and default', () => {
  const help = describeSettings(table)
  for (const name of Object.keys(table)) expect(help).toContain(variableOf(name))
  expect(help).toContain('--no-demo')
  expect(help).toContain('default 4000')
})

test('any integer that is allowed comes back as given', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65_535 }), port => {
      expect(readSettings(table, [flagOf('port'), String(port)], {}).port).toBe(port)
    }),
  )
})
