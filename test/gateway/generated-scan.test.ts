import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { GraphQLBoolean, GraphQLEnumType, GraphQLFloat, GraphQLInt, GraphQLString } from 'graphql'
import { expect, test } from 'vitest'
import { AnswerScanner } from '../../gateway/execution/compiled/answer-scanner.ts'
import { withGeneratedScans } from '../../gateway/execution/compiled/generated-scan.ts'
import type { Batch, Program } from '../../gateway/execution/compiled/layout.ts'
import { leafScan } from '../../gateway/execution/compiled/leaf-scan.ts'
import { Surprise } from '../../gateway/execution/compiled/uncompilable.ts'
import { root } from '../tidy/source-files.ts'

const size = new GraphQLEnumType({ name: 'Size', values: { BIG: {}, SMALL: {} } })
const leaves = [
  [GraphQLString, fc.string({ unit: 'binary' })],
  [GraphQLInt, fc.oneof(fc.integer(), fc.integer({ min: -20, max: 20 }))],
  [GraphQLFloat, fc.double({ noNaN: true, noDefaultInfinity: true })],
  [GraphQLBoolean, fc.boolean()],
  [size, fc.constantFrom('BIG', 'SMALL')],
  [undefined, fc.oneof(fc.boolean(), fc.integer(), fc.string())],
] as const

/** A program, and a value that it is for. */
interface Sample {
  readonly program: Program
  readonly value: unknown
}

const leaf = fc.constantFrom(...leaves).chain(([type, values]) =>
  fc.tuple(fc.boolean(), values).map(([nullable, value]): Sample => ({
    program: { kind: 'leaf', nullable, scan: leafScan(type) },
    value,
  })),
)

const names = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z_]\w{0,5}$/), { minLength: 1, maxLength: 4 })

const sample = fc.letrec<{ sample: Sample }>(tie => ({
  sample: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc
      .tuple(tie('sample'), fc.boolean(), fc.nat(3))
      .map(([{ program: item, value }, nullable, length]): Sample => ({
        program: { kind: 'list', nullable, item },
        value: Array.from({ length }, (_, index) => (index === 1 && item.nullable ? null : value)),
      })),
    names.chain(keys =>
      fc
        .tuple(fc.tuple(...keys.map(() => tie('sample'))), fc.boolean(), fc.nat(4))
        .map(([fields, nullable, missing]): Sample => ({
          program: {
            kind: 'object',
            nullable,
            fields: fields.map(({ program }, index) => ({
              literal: Buffer.from(`${index === 0 ? '{' : ','}"${keys[index]}":`),
              program,
            })),
          },
          value: Object.fromEntries(
            fields.map(({ program, value }, index) => [
              keys[index],
              index === missing && program.nullable ? null : value,
            ]),
          ),
        })),
    ),
  ),
})).sample

/** What is cut out of an answer by a program; undefined: it is not what was asked for. */
function cut(program: Program, answer: Buffer): string | undefined {
  const places = { known: () => undefined, add: () => undefined }
  const fields = [{ literal: Buffer.from('{"it":'), program }]
  const batch: Batch = {
    index: 0,
    subgraph: 's',
    root: true,
    after: [],
    groups: [],
    fields,
    head: '',
    variables: [],
  }
  try {
    const [slot] = new AnswerScanner(answer, places).root(batch)
    // Nothing is completed by others, and large values there are none.
    return slot as string
  } catch (failure) {
    if (failure instanceof Surprise) return undefined
    throw failure
  }
}

test('generated code takes what the program takes, and nothing else', () => {
  let generated = 0
  let refused = 0
  const put = fc.tuple(
    fc.nat(),
    fc.constantFrom(...'"\\,:]}[{n0-1e. \u001fx'.split(''), 'null', ''),
    fc.nat(2),
  )
  const changes = fc.array(put, { maxLength: 1 })
  const check = ({ program, value }: Sample, changed: readonly [number, string, number][]): void => {
    const json = changed.reduce((text, [at, put, dropped]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + put + text.slice(place + dropped)
    }, JSON.stringify(value))
    const answer = Buffer.from(`{"data":{"it":${json}}}`)
    const made = withGeneratedScans(program)
    if (program.kind !== 'leaf') expect(made.kind).toBe('leaf')
    const expected = cut(program, answer)
    expect(cut(made, answer)).toBe(expected)
    if (changed.length === 0) expect(expected).toBe(answer.subarray(14, -2).toString('latin1'))
    generated += Number(made !== program)
    refused += Number(expected === undefined)
  }
  fc.assert(fc.property(sample, changes, check), { numRuns: 3_000 })
  expect(generated).toBeGreaterThan(1_000)
  expect(refused).toBeGreaterThan(300)
})

test('of a large object no code is made, of its parts there is', () => {
  const string: Program = { kind: 'leaf', nullable: true, scan: leafScan(GraphQLString) }
  const small: Program = { kind: 'list', nullable: true, item: string }
  const fields = Array.from({ length: 300 }, (_, index) => ({
    literal: Buffer.from(`${index === 0 ? '{' : ','}"f${index}":`),
    program: index === 7 ? small : string,
  }))
  const made = withGeneratedScans({ kind: 'object', nullable: true, fields })
  const kinds = made.kind === 'object' ? made.fields.map(({ program }) => program.kind) : []
  expect(new Set(kinds)).toEqual(new Set(['leaf']))
})

test('where no code may be made of text, the program is scanned as it is', () => {
  const script = `
    import { withGeneratedScans } from ${JSON.stringify(join(root, 'gateway/execution/compiled/generated-scan.ts'))}
    const item = { kind: 'leaf', nullable: true, scan: () => 0 }
    console.log(withGeneratedScans({ kind: 'list', nullable: true, item }).kind)`
  const run = (...options: string[]): string =>
    execFileSync(process.execPath, [...options, '--input-type=module', '-e', script])
      .toString()
      .trim()
  expect(run()).toBe('leaf')
  expect(run('--disallow-code-generation-from-strings')).toBe('list')
})
