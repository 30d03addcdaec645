import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Ajv from 'ajv'
import { expect, test } from 'vitest'
import { wellFormed } from '../support/well-formed.ts'
import { changedProducts, shopRepository } from './shop-repository.ts'

/** For tests that start processes; with the whole suite on two cores each start takes seconds. Milliseconds. */
const patient = 240_000

const text = { type: 'string', minLength: 1 }
const natural = { type: 'integer', minimum: 1 }
const listOf = (properties: object, required = Object.keys(properties)): object => ({
  type: 'array',
  items: { type: 'object', properties, required },
})
const places = listOf({ file: text, line: natural, column: natural })
const diagnostics = listOf({
  severity: { enum: ['error', 'warning', 'notice'] },
  code: { type: 'string', pattern: '^[A-Z_]+$' },
  message: text,
  locations: places,
})
const reportForm = {
  type: 'object',
  required: ['version', 'outcome', 'summary', 'against', 'failOn', 'changes', 'composition', 'findings'],
  properties: {
    version: { const: 1 },
    outcome: { enum: ['passed', 'failed', 'composition'] },
    summary: text,
    against: text,
    failOn: { enum: ['breaking', 'dangerous', 'never'] },
    changes: listOf({
      kind: text,
      coordinate: text,
      level: { enum: ['breaking', 'dangerous', 'safe'] },
      message: text,
      why: text,
      locations: places,
      operations: { type: 'array' },
    }),
    composition: diagnostics,
    findings: diagnostics,
  },
}

/** What SARIF 2.1.0 requires (§3.13, 3.14, 3.27, 3.29, 3.30), and code scanning beyond: places by relative address. */
const sarifPlaces = listOf({
  physicalLocation: {
    type: 'object',
    required: ['artifactLocation'],
    properties: {
      artifactLocation: {
        type: 'object',
        required: ['uri'],
        properties: { uri: { type: 'string', pattern: '^[^:#? ]+$' } },
      },
      region: {
        type: 'object',
        required: ['startLine'],
        properties: { startLine: natural, startColumn: natural, endLine: natural, endColumn: natural },
      },
    },
  },
})
const sarifForm = {
  type: 'object',
  required: ['$schema', 'version', 'runs'],
  properties: {
    version: { const: '2.1.0' },
    runs: listOf({
      tool: {
        type: 'object',
        required: ['driver'],
        properties: {
          driver: {
            type: 'object',
            required: ['name', 'rules'],
            properties: { name: text, rules: listOf({ id: text }) },
          },
        },
      },
      results: listOf({
        ruleId: text,
        ruleIndex: { type: 'integer', minimum: 0 },
        level: { enum: ['error', 'warning', 'note'] },
        message: { type: 'object', required: ['text'], properties: { text } },
        // A result without a file is not shown.
        locations: { ...sarifPlaces, minItems: 1 },
        relatedLocations: sarifPlaces,
      }),
    }),
  },
}

function faultsOf(form: object, content: unknown): unknown {
  const ajv = new Ajv.Ajv({ allErrors: true })
  return ajv.validate(form, content) ? [] : ajv.errors
}

test('each format is what its readers take', { timeout: patient }, async () => {
  await using shop = await shopRepository(`# 100 % <new> & "old", café\n${changedProducts}`)
  const report = async (format: string): Promise<string> => {
    const { code, stdout, stderr } = await shop.check('--against', 'main', '--format', format)
    expect([format, code, stderr]).toEqual([format, 1, ''])
    return stdout
  }
  const json: unknown = JSON.parse(await report('json'))
  expect(faultsOf(reportForm, json)).toEqual([])

  const sarif: unknown = JSON.parse(await report('sarif'))
  expect(faultsOf(sarifForm, sarif)).toEqual([])
  expect(sarif).toMatchObject({
    runs: [
      {
        results: [
          { ruleId: 'FIELD_REMOVED', ruleIndex: 1, level: 'error', relatedLocations: [{}] },
          { ruleId: 'ENUM_VALUE_ADDED', ruleIndex: 0, level: 'warning' },
        ],
      },
    ],
  })

  const github = (await report('github')).split('\n')
  expect(github.slice(0, 2)).toEqual([
    expect.stringMatching(
      /^::error file=products\.graphql,line=7,col=6,endLine=7,endColumn=13,title=FIELD_REMOVED::[^\n]+%0Akeep /,
    ),
    expect.stringMatching(
      /^::warning file=products\.graphql,line=12,col=25,[\w=,]+::enum value Colour\.BLUE/,
    ),
  ])

  const junit = await report('junit')
  expect(wellFormed(junit)).toBe('testsuites testsuite testcase failure testcase system-out')
  expect(junit).toContain('tests="2" failures="1"')

  const markdown = await report('markdown')
  expect(markdown).toMatch(/^## ❌ check failed: 2 changes against main \(1 breaking, 1 dangerous\)/)
  expect(markdown.split('```').length % 2).toBe(1)
  expect(markdown).toContain('### ❌ FIELD_REMOVED')

  const pretty = await shop.check('--against', 'main', '--output', 'report.txt')
  expect([pretty.code, pretty.stdout]).toEqual([1, ''])
  expect(await readFile(join(shop.path, 'report.txt'), 'utf8')).toContain('error FIELD_REMOVED')
})

test('each format tells of a composition that failed', { timeout: patient }, async () => {
  await using shop = await shopRepository('type Query { a: Nope<&> }')
  for (const format of ['json', 'sarif', 'github', 'junit', 'markdown', 'pretty']) {
    const { code, stdout } = await shop.check('--against', 'main', '--format', format)
    expect([format, code]).toEqual([format, 3])
    expect(stdout).toContain('products.graphql')
    if (format === 'json') expect(faultsOf(reportForm, JSON.parse(stdout))).toEqual([])
    if (format === 'sarif') expect(faultsOf(sarifForm, JSON.parse(stdout))).toEqual([])
    if (format === 'junit') expect(wellFormed(stdout)).toContain('failure')
  }
  const nowhere = await shop.check('--against', 'main', '--config', 'none.yaml', '--format', 'sarif')
  expect(nowhere.code).toBe(4)
  expect(nowhere.stdout).toContain('"uri": "none.yaml"')
  expect(faultsOf(sarifForm, JSON.parse(nowhere.stdout))).toEqual([])
})
