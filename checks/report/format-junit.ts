import { describeLocation } from '../../composition/render-diagnostic.ts'
import type { Findings } from './findings.ts'

/** JUnit's XML, as Jenkins, GitLab and others read it: errors are failures, the rest of what was found is passed tests. */
export function formatJunit({ tool, subject, summary, diagnostics }: Findings): string {
  const cases = diagnostics.map(({ severity, code, message, locations, advice }) => {
    const first = message.split('\n')[0] ?? ''
    const body = [
      message,
      ...locations.map(describeLocation),
      ...(advice === undefined ? [] : [`help: ${advice}`]),
    ].join('\n')
    const file = locations[0]?.file
    const where = file === undefined ? '' : ` file="${xml(file)}"`
    const head = `    <testcase classname="${code}" name="${xml(first)}"${where}`
    return severity === 'error'
      ? `${head}>\n      <failure type="${code}" message="${xml(first)}">${xml(body)}</failure>\n    </testcase>`
      : `${head}>\n      <system-out>${xml(body)}</system-out>\n    </testcase>`
  })
  const failures = diagnostics.filter(({ severity }) => severity === 'error').length
  // A suite without a test is an error to some readers.
  if (cases.length === 0) cases.push(`    <testcase classname="check" name="${xml(summary)}"/>`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${xml(tool)}" tests="${cases.length}" failures="${failures}">
  <testsuite name="${xml(subject)}" tests="${cases.length}" failures="${failures}">
${cases.join('\n')}
  </testsuite>
</testsuites>
`
}

const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])

/** XML 1.0 has no way to write most control characters. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, character => entities.get(character) ?? character)
}
