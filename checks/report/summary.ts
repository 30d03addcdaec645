import type { CheckReport } from './check-report.ts'
import { fails } from './check-report.ts'
import { counted } from './report-diagnostics.ts'

/** What a check came to, in one line. */
export function summaryOf(report: CheckReport): string {
  const { outcome, against, changes, operations, composition, findings } = report
  if (outcome === 'composition')
    return `composition failed with ${counted(composition.length, 'error')}; there is nothing to compare with ${against}`
  const count = (level: string): number =>
    changes.filter(change => change.level === level && change.accepted === undefined).length
  const accepted = changes.filter(change => change.accepted !== undefined).length
  const parts = [
    `${count('breaking')} breaking`,
    `${count('dangerous')} dangerous`,
    `${count('safe')} safe`,
    ...(accepted > 0 ? [`${accepted} accepted`] : []),
  ]
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const other = errors > 0 ? `, and ${counted(errors, 'other error')}` : ''
  const what = changes.length === 0 ? 'no changes' : `${parts.join(', ')} changes`
  const basis =
    operations === undefined
      ? 'by the schemas alone (--operations would say who is hurt)'
      : `by ${counted(operations.checked, 'operation')}${operations.requests === undefined ? '' : ` of ${counted(operations.requests, 'request')}`}`
  return `check ${outcome}: ${what}${other} against ${against}, judged ${basis}`
}

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
