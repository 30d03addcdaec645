import type { CheckReport } from './check-report.ts'
import { fails } from './check-report.ts'
import { counted, grouped } from './report-diagnostics.ts'

/** What a check came to, in one line. */
export function summaryOf(report: CheckReport): string {
  const { outcome, against, changes, operations, composition, findings } = report
  if (outcome === 'composition')
    return `composition failed with ${counted(composition.length, 'error')}; there is nothing to compare with ${against}`
  const parts = [
    ...levels.map(
      level =>
        [
          level,
          changes.filter(change => change.level === level && change.accepted === undefined).length,
        ] as const,
    ),
    ['accepted', changes.filter(change => change.accepted !== undefined).length] as const,
  ]
  const shown = parts.filter(([, count]) => count > 0).map(([name, count]) => `${grouped(count)} ${name}`)
  const what =
    changes.length === 0
      ? `no changes against ${against}`
      : `${counted(changes.length, 'change')} against ${against} (${shown.join(', ')})`
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const other = errors > 0 ? ` and ${counted(errors, 'other error')}` : ''
  const basis =
    operations === undefined
      ? 'the schemas alone (--operations would say who is hurt)'
      : `${counted(operations.checked, 'operation')}${operations.requests === undefined ? '' : ` with ${counted(operations.requests, 'request')}`}`
  return `check ${outcome}: ${what}${other}, judged by ${basis}`
}

const levels = ['breaking', 'dangerous', 'safe'] as const

/** Entries that would let the failing changes pass until a month from now. */
export function acceptanceEntries(report: CheckReport, nowMs: number): readonly string[] {
  const until = new Date(nowMs + 30 * 86_400_000).toISOString().slice(0, 10)
  return report.changes
    .filter(change => fails(change, report.failOn))
    .map(({ kind, coordinate }) => {
      const at = /^[\w.]+$/.test(coordinate) ? coordinate : JSON.stringify(coordinate)
      return `  - { change: ${kind}, at: ${at}, reason: "…", until: ${until} }`
    })
}
