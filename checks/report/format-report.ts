import type { Display } from '../../composition/display.ts'
import { unreachable } from '../../kernel/errors.ts'
import type { CheckReport } from './check-report.ts'
import { formatGithub } from './format-github.ts'
import { formatJson } from './format-json.ts'
import { formatJunit } from './format-junit.ts'
import { formatMarkdown } from './format-markdown.ts'
import { formatPretty } from './format-pretty.ts'
import { formatSarif } from './format-sarif.ts'

export const reportFormats = ['pretty', 'json', 'github', 'sarif', 'junit', 'markdown'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** A report as text that ends with a line break. The same report gives the same text. */
export function formatReport(report: CheckReport, format: ReportFormat, display: Display): string {
  switch (format) {
    case 'pretty':
      return formatPretty(report, display)
    case 'json':
      return formatJson(report)
    case 'github':
      return formatGithub(report)
    case 'sarif':
      return formatSarif(report)
    case 'junit':
      return formatJunit(report)
    case 'markdown':
      return formatMarkdown(report)
    default:
      return unreachable(format)
  }
}
