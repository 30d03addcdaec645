import type { Diagnostic, Severity, SourceLocation } from '../../composition/diagnostic.ts'
import type { Findings } from './findings.ts'

const levels: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', notice: 'note' }

/**
 * SARIF 2.1.0, as code scanning takes it: it shows no result that has no file.
 * Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function formatSarif({ tool, diagnostics, file }: Findings): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort()
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: tool, rules: codes.map(id => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map(diagnostic => resultOf(diagnostic, codes, file)),
      },
    ],
  }
  return `${JSON.stringify(log, undefined, 2)}\n`
}

function resultOf(
  { severity, code, message, locations, advice }: Diagnostic,
  codes: readonly string[],
  file: string,
): unknown {
  const [first, ...others] = locations
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levels[severity],
    message: { text: advice === undefined ? message : `${message}\n${advice}` },
    locations: [first === undefined ? { physicalLocation: artifactOf(file) } : locationOf(first)],
    relatedLocations: others.map(locationOf),
  }
}

/** A relative address, as code scanning wants it: `main:a.graphql` would have the scheme `main`. */
function uriOf(file: string): string {
  if (/^https?:\/\//.test(file)) return encodeURI(file)
  return file.replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/')
}

function artifactOf(file: string): { readonly artifactLocation: { readonly uri: string } } {
  return { artifactLocation: { uri: uriOf(file) } }
}

function locationOf({ file, line, column, endLine, endColumn }: SourceLocation): unknown {
  return {
    physicalLocation: {
      ...artifactOf(file),
      region: {
        startLine: line,
        startColumn: column,
        ...(endLine === undefined ? {} : { endLine }),
        ...(endColumn === undefined ? {} : { endColumn }),
      },
    },
  }
}
