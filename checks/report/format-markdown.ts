import { codeFrame } from '../../composition/code-frame.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { describeLocation } from '../../composition/render-diagnostic.ts'
import type { Findings } from './findings.ts'
import { counted } from './report-diagnostics.ts'

const icons = { error: '❌', warning: '⚠️', notice: 'ℹ️' } as const
/** A comment of GitHub holds 65,536 characters; what does not fit is counted. */
const lengthMax = 60_000

/**
 * For a comment of a pull request, or the summary of a job.
 * @param safe Messages of changes that need no section of their own.
 */
export function formatMarkdown(
  { passed, summary, diagnostics }: Findings,
  safe: readonly string[] = [],
): string {
  let text = `## ${passed ? '✅' : '❌'} ${plain(summary)}\n`
  for (const [index, diagnostic] of diagnostics.entries()) {
    const section = sectionOf(diagnostic)
    if (text.length + section.length > lengthMax) {
      text += `\nand ${diagnostics.length - index} more (all of them with \`--format json\`)\n`
      return text
    }
    text += section
  }
  if (safe.length === 0) return text
  const lines = safe.map(message => `- ${plain(message)}\n`)
  while (lines.join('').length + text.length > lengthMax) lines.pop()
  const more = safe.length > lines.length ? `- and ${safe.length - lines.length} more\n` : ''
  const title = counted(safe.length, 'safe change')
  return `${text}\n<details><summary>${title}</summary>\n\n${lines.join('')}${more}\n</details>\n`
}

function sectionOf({ severity, code, message, locations, advice }: Diagnostic): string {
  const [first = '', ...rest] = message.split('\n')
  const more = rest.map(line => `${line.startsWith('  ') ? '- ' : '\n'}${plain(line.trim())}\n`).join('')
  const places = locations.map(location => {
    const frame = codeFrame(location, { colour: false, width: undefined })
    const block = frame.length === 0 ? '' : `\n${fenced(frame.join('\n'))}`
    return `\n\`${describeLocation(location).replaceAll('`', '')}\`\n${block}`
  })
  const help = advice === undefined ? '' : `\n> ${plain(advice)}\n`
  return `\n### ${icons[severity]} ${code}\n\n${plain(first)}\n${more}${places.join('')}${help}`
}

function fenced(text: string): string {
  const fence = text.includes('```') ? '~~~~' : '```'
  return `${fence}graphql\n${text}\n${fence}\n`
}

/** Names of types and messages of others must not become markup. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~]/g, String.raw`\$&`)
}
