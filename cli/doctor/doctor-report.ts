import type {
  DirectoryExamination,
  DirectoryFinding,
} from '../../subgraphs/auth/directory/examine-directory.ts'
import type { Examination, Finding, SweepReport } from '../../subgraphs/db/doctor/finding.ts'
import { lineOf as sweepText } from '../../subgraphs/db/sweep/sweep-progress.ts'
import { printable } from '../../composition/display-text.ts'

/** What whoever has them says of its stores, and of its copies of the directory of users. */
export interface Examined {
  /** Undefined: it has none, as for the other. */
  readonly stores?: Examination | undefined
  readonly users?: DirectoryExamination | undefined
}

type AnyFinding = Finding | DirectoryFinding

/** What was found, and what of it is no longer so after a repair. */
export interface DoctorReport extends Partial<Omit<Examination, 'findings' | 'stores' | 'cut'>> {
  readonly stores: Examination['stores']
  /** The copies of the directory of users that were compared. */
  readonly users: readonly string[]
  readonly findings: readonly AnyFinding[]
  readonly repaired: readonly AnyFinding[]
  readonly cut: boolean
}

/** A report of what is left, and of what the examination before the repair found besides. */
export function reportOf(before: Examined, after: Examined): DoctorReport {
  const findings = findingsIn(after)
  const left = new Set(findings.map(keyOf))
  return {
    stores: [],
    ...after.stores,
    users: after.users?.copies ?? [],
    findings,
    cut: after.stores?.cut === true || after.users?.cut === true,
    repaired: findingsIn(before).filter(finding => !left.has(keyOf(finding))),
  }
}

export function findingsIn({ stores, users }: Examined): readonly AnyFinding[] {
  return [...(stores?.findings ?? []), ...(users?.findings ?? [])]
}

/** A store that is behind catches up by itself; everything else is a difference. */
export function differencesIn(findings: readonly AnyFinding[]): readonly AnyFinding[] {
  return findings.filter(({ what }) => what !== 'behind')
}

/** One line a store, one a finding, and what to do. */
export function textOf(report: DoctorReport): string {
  const { stores, votes, users, findings, repaired, cut, sweep } = report
  const width = Math.max(...['users', ...stores.map(({ store }) => store)].map(({ length }) => length))
  const lines = stores.map(({ store, detail, head, records }) => {
    const at = head === undefined ? 'not open' : `log to ${head}`
    const count = records === undefined ? '' : `, ${records.toLocaleString('en-US')} records looked at`
    return `${store.padEnd(width)}  ${detail}: ${at}${count}`
  })
  if (stores.length > 0 && votes !== undefined)
    lines.push(printable(`${'votes'.padEnd(width)}  ${votes.says}`))
  if (sweep !== undefined) lines.push(printable(sweepLine(sweep, width)))
  if (users.length > 0) lines.push(usersLine(users, width))
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

function usersLine(copies: readonly string[], width: number): string {
  const said =
    copies.length === 1
      ? 'there is no other copy of the directory to compare it with'
      : 'copies of the directory compared'
  return `${'users'.padEnd(width)}  ${copies.join(' and ')}: ${said}`
}

function lastLine(report: DoctorReport): string {
  const differences = differencesIn(report.findings)
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

function lineOf({ key, says, ...finding }: AnyFinding): string {
  return printable(`${placeOf(finding)}${key === undefined ? '' : ` ${key}`}: ${says}`)
}

function keyOf({ what, key, ...finding }: AnyFinding): string {
  return `${placeOf(finding)} ${what} ${key ?? ''}`
}

function placeOf(finding: { readonly store: string } | { readonly copy: string }): string {
  return 'copy' in finding ? finding.copy : finding.store
}
