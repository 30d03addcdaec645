import type { Findings } from '../checks/report/findings.ts'
import { formatGithub } from '../checks/report/format-github.ts'
import { plainDiagnostic } from '../checks/report/format-json.ts'
import { formatJunit } from '../checks/report/format-junit.ts'
import { formatMarkdown } from '../checks/report/format-markdown.ts'
import type { ReportFormat } from '../checks/report/format-report.ts'
import { formatSarif } from '../checks/report/format-sarif.ts'
import type { Composition } from '../composition/compose-from-config.ts'
import type { Diagnostic } from '../composition/diagnostic.ts'
import { unreachable } from '../kernel/errors.ts'
import { composedLine, failedLine } from './composition-report.ts'

/**
 * What a composition said, for programs; the same for every run of the same schemas. The JSON has `version: 1`.
 * @param stale What is wrong with the file that `--check` compared, if anything.
 */
export function formatComposition(
  composition: Composition,
  config: string,
  format: Exclude<ReportFormat, 'pretty'>,
  stale?: Diagnostic,
): string {
  const ok = composition.ok && stale === undefined
  const diagnostics = stale === undefined ? composition.diagnostics : [stale, ...composition.diagnostics]
  const composed = composition.ok
    ? composedLine(composition, config)
    : failedLine(composition, config).trimEnd()
  const summary = stale === undefined ? composed : stale.message
  const findings: Findings = {
    tool: 'ennead compose',
    subject: config,
    passed: ok,
    summary,
    diagnostics,
    file: config,
  }
  switch (format) {
    case 'json': {
      const outcome = ok ? 'passed' : 'failed'
      const shown = { version: 1, outcome, summary, diagnostics: diagnostics.map(plainDiagnostic) }
      return `${JSON.stringify(shown, undefined, 2)}\n`
    }
    case 'github':
      return formatGithub(findings)
    case 'sarif':
      return formatSarif(findings)
    case 'junit':
      return formatJunit(findings)
    case 'markdown':
      return formatMarkdown(findings)
    default:
      return unreachable(format)
  }
}
