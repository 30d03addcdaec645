import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { OperationCollection } from '../../checks/operations/operation-collection.ts'
import { formatPretty } from '../../checks/report/format-pretty.ts'
import { runCheck } from '../../checks/run-check.ts'
import type { SchemaVersion } from '../../checks/run-check.ts'
import { changeCases } from './change-cases.ts'

const filter = { seenWithinDays: 0, requestsMin: 0, shareMinPercent: 0, ignoredClients: [] }

function version(sdl: string, file: string): SchemaVersion {
  return { schema: buildSchema(sdl), sources: [{ subgraph: undefined, file, sdl, derived: false }] }
}

function checked(index: number, byUse: boolean): ReturnType<typeof runCheck> {
  const { before = '', after = '', operations = [] } = changeCases[index] ?? {}
  const collection = new OperationCollection()
  for (const [number, text] of operations.entries())
    collection.addDocument({ text, file: `operation-${number + 1}.graphql` })
  return runCheck({
    against: 'main',
    config: 'supergraph.yaml',
    base: version(before, 'main:schema.graphql'),
    next: version(after, 'schema.graphql'),
    operations: byUse ? collection.result().operations : undefined,
    filter,
    accepted: undefined,
    failOn: 'breaking',
    findings: [],
    nowMs: 0,
  })
}

// Read test/checks/changes.golden.txt as somebody would who sees the report for the first time.
test('each kind of change is reported as written down, without and with operations', async () => {
  const text = changeCases.map(({ title, operations }, index) => {
    const alone = checked(index, false).changes.map(({ kind, level, why }) => `  ${level} ${kind}: ${why}`)
    const report = formatPretty(checked(index, true), { colour: false, width: 110 })
    const sent = operations.map(operation => `  sent: ${operation}`).join('\n')
    return `=== ${title}\nby the schemas alone:\n${alone.join('\n')}\n${sent}\n\n${report}`
  })
  expect(changeCases.length).toBeGreaterThanOrEqual(60)
  await expect(text.join('\n')).toMatchFileSnapshot('changes.golden.txt')
})

test('no operation that stays out of a change is blamed for it', () => {
  for (const index of changeCases.keys()) {
    const blamed = checked(index, true).changes.flatMap(({ operations }) =>
      operations.map(({ file }) => file),
    )
    // The last operation of each case only asks for a field that nothing changes.
    const last = `operation-${changeCases[index]?.operations.length ?? 0}.graphql`
    const wholeGraph = changeCases[index]?.operations.length === 1
    expect(wholeGraph ? [] : blamed.filter(file => file === last)).toEqual([])
  }
})
