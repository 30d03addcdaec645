import type { Findings } from './findings.ts'

/**
 * Annotations of GitHub Actions, one line each, and the summary.
 * Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export function formatGithub({ diagnostics, summary }: Findings): string {
  const lines = diagnostics.map(({ severity, code, message, locations, advice }) => {
    const at = locations[0]
    const properties = [
      ...(at === undefined
        ? []
        : [
            `file=${property(at.file.replace(/^\.\//, ''))}`,
            `line=${at.line}`,
            `col=${at.column}`,
            ...(at.endLine === undefined ? [] : [`endLine=${at.endLine}`]),
            ...(at.endColumn === undefined ? [] : [`endColumn=${at.endColumn}`]),
          ]),
      `title=${property(code)}`,
    ]
    const text = advice === undefined ? message : `${message}\n${advice}`
    return `::${severity} ${properties.join(',')}::${data(text)}`
  })
  return `${[...lines, summary].join('\n')}\n`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
