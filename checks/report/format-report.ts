import type { Display } from '../../composition/display.ts'
import { unreachable } from '../../kernel/errors.ts'
import type { CheckReport } from './check-report.ts'
import type { Findings } from './findings.ts'
import { formatGithub } from './format-github.ts'
import { formatJson } from './format-json.ts'
import { formatJunit } from './format-junit.ts'
import { formatMarkdown } from './format-markdown.ts'
import { formatPretty } from './format-pretty.ts'
import { formatSarif } from './format-sarif.ts'
import { counted, reportDiagnostics } from './report-diagnostics.ts'
import { summaryOf } from './summary.ts'

export const reportFormats = ['pretty', 'json', 'github', 'sarif', 'junit', 'markdown'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** A report as text that ends with a line break. The same report gives the same text. */
export function formatReport(report: CheckReport, format: ReportFormat, display: Display): string {
  const findings: Findings = {
    tool: 'ennead check',
    subject: `${counted(report.changes.length, 'change')} against ${report.against}`,
    passed: report.outcome === 'passed',
    summary: summaryOf(report),
    diagnostics: reportDiagnostics(report),
    file: report.config,
  }
  const safe = report.changes.filter(({ level }) => level === 'safe').map(({ message }) => message)
  switch (format) {
    case 'pretty':
      return formatPretty(report, display)
    case 'json':
      return formatJson(report)
    case 'github':
      return formatGithub(findings)
    case 'sarif':
      return formatSarif(findings)
    case 'junit':
      return formatJunit(findings)
    case 'markdown':
      return formatMarkdown(findings, safe)
    default:
      return unreachable(format)
  }
}
