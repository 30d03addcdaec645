import type { Diagnostic, SourceLocation } from '../../composition/diagnostic.ts'
import type { CheckReport } from './check-report.ts'
import { summaryOf } from './summary.ts'

/** The whole report; `version` is that of its form. Texts of schemas are left out. */
export function formatJson(report: CheckReport): string {
  const { version, outcome, against, config, failOn, composition, changes, operations, findings, plans } =
    report
  const shown = {
    version,
    outcome,
    summary: summaryOf(report),
    against,
    config,
    failOn,
    operations,
    changes: changes.map(change => ({ ...change, locations: change.locations.map(withoutText) })),
    composition: composition.map(plainDiagnostic),
    findings: findings.map(plainDiagnostic),
    plans,
  }
  return `${JSON.stringify(shown, undefined, 2)}\n`
}

/** A diagnostic as JSON shows it, without the texts of schemas. */
export function plainDiagnostic(diagnostic: Diagnostic): unknown {
  return { ...diagnostic, locations: diagnostic.locations.map(withoutText) }
}

function withoutText(location: SourceLocation): unknown {
  return { ...location, text: undefined }
}
