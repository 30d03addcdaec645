import { paint } from '../../composition/display.ts'
import type { Display } from '../../composition/display.ts'
import { renderDiagnostic } from '../../composition/render-diagnostic.ts'
import type { CheckReport } from './check-report.ts'
import { counted, reportDiagnostics } from './report-diagnostics.ts'
import { summaryOf } from './summary.ts'

/** Safe changes listed; more are counted. */
const safeMax = 30

/** For a terminal or the log of any CI: what is wrong with its lines, what changed besides, and one line that sums it up. */
export function formatPretty(report: CheckReport, display: Display): string {
  const blocks = reportDiagnostics(report).map(diagnostic => renderDiagnostic(diagnostic, display))
  const safe = report.changes.filter(({ level }) => level === 'safe')
  if (safe.length > 0) {
    const lines = safe.slice(0, safeMax).map(({ message, why }) => `  ${message} (${why})\n`)
    const more = safe.length - lines.length
    const rest = more > 0 ? `  and ${more} more (all of them with --format json)\n` : ''
    blocks.push(`${paint(display, 'green', counted(safe.length, 'safe change'))}\n${lines.join('')}${rest}`)
  }
  if (report.plans !== undefined && report.plans.changed.length === 0)
    blocks.push(`the query plans of ${counted(report.plans.compared, 'operation')} stay as they are\n`)
  const passed = report.outcome === 'passed'
  blocks.push(`${paint(display, passed ? ['green', 'bold'] : ['red', 'bold'], summaryOf(report))}\n`)
  return blocks.join('\n')
}
