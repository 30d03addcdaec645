import type { Examination, Finding, SweepReport } from '../../subgraphs/db/doctor/finding.ts'
import { lineOf as sweepText } from '../../subgraphs/db/sweep/sweep-progress.ts'
import { printable } from '../../composition/display-text.ts'

/** What was found, and what of it is no longer so after a repair. */
export interface DoctorReport extends Examination {
  readonly repaired: readonly Finding[]
}

/** A report of what is left, and of what the examination before the repair found besides. */
export function reportOf(before: Examination, after: Examination): DoctorReport {
  const left = new Set(after.findings.map(keyOf))
  return { ...after, repaired: before.findings.filter(finding => !left.has(keyOf(finding))) }
}

/** A store that is behind catches up by itself; everything else is a difference. */
export function differencesIn({ findings }: Examination): readonly Finding[] {
  return findings.filter(({ what }) => what !== 'behind')
}

/** One line a store, one a finding, and what to do. */
export function textOf(report: DoctorReport): string {
  const { stores, votes, findings, repaired, cut, sweep } = report
  const width = Math.max(0, ...stores.map(({ store }) => store.length))
  const lines = stores.map(({ store, detail, head, records }) => {
    const at = head === undefined ? 'not open' : `log to ${head}`
    const count = records === undefined ? '' : `, ${records.toLocaleString('en-US')} records looked at`
    return `${store.padEnd(width)}  ${detail}: ${at}${count}`
  })
  if (stores.length > 0) lines.push(printable(`${'votes'.padEnd(width)}  ${votes.says}`))
  if (sweep !== undefined) lines.push(printable(sweepLine(sweep, width)))
  for (const finding of repaired) lines.push(`repaired  ${lineOf(finding)}`)
  for (const finding of findings) lines.push(lineOf(finding))
  if (cut) lines.push('there is more; only the first are told')
  lines.push(lastLine(report))
  return `${lines.join('\n')}\n`
}

function sweepLine({ holder, term, running, progress }: SweepReport, width: number): string {
  const who = running ? `runs in ${holder}` : `ran in ${holder} last`
  const far = progress === undefined ? 'at its beginning' : sweepText(progress)
  return `${'sweep'.padEnd(width)}  ${who} (term ${term}): ${far}`
}

function lastLine(report: DoctorReport): string {
  const differences = differencesIn(report)
  const repairable = differences.filter(finding => finding.repairable).length
  const told = count(differences.length)
  if (differences.length > 0) {
    return repairable === 0 ? told : `${told}; ennead doctor --repair puts ${repairable} right`
  }
  if (report.repaired.length > 0) return `${count(report.repaired.length)} put right; the stores agree`
  return 'the stores agree'
}

function count(differences: number): string {
  return differences === 1 ? 'one difference' : `${differences} differences`
}

function lineOf({ store, key, says }: Finding): string {
  return printable(`${store}${key === undefined ? '' : ` ${key}`}: ${says}`)
}

function keyOf({ store, what, key }: Finding): string {
  return `${store} ${what} ${key ?? ''}`
}
