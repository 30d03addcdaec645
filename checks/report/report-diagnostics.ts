import type { Diagnostic } from '../../composition/diagnostic.ts'
import type { CheckReport, ReportedChange, ReportedOperation } from './check-report.ts'

/** Operations named for one change; more are counted. */
const operationsMax = 10
/** Clients named for one operation; more are counted. */
const clientsMax = 3

/** Everything a report has that somebody should look at, the same for every format: errors of composition, changes that are not safe, findings. */
export function reportDiagnostics(report: CheckReport): readonly Diagnostic[] {
  const changes = report.changes.filter(({ level }) => level !== 'safe')
  return [
    ...report.composition,
    ...changes.map(change => changeDiagnostic(change, report)),
    ...report.findings,
    ...(report.plans?.changed.map(planDiagnostic) ?? []),
  ]
}

/** A change as a diagnostic: an error when it fails the check by its level, a notice when it was accepted. */
export function changeDiagnostic(change: ReportedChange, { operations, failOn }: CheckReport): Diagnostic {
  const { kind, message, why, advice, accepted, locations, level } = change
  const failing = level === 'breaking' ? failOn !== 'never' : failOn === 'dangerous'
  const lines = [`${message}: ${why}`, ...hurtLines(change, operations?.requests)]
  if (accepted !== undefined) lines.push(`accepted until ${accepted.until}: ${accepted.reason}`)
  return {
    severity: accepted !== undefined ? 'notice' : failing ? 'error' : 'warning',
    code: kind,
    message: lines.join('\n'),
    locations,
    ...(advice === undefined || accepted !== undefined ? {} : { advice }),
  }
}

function hurtLines(
  { operations, sharePercent }: ReportedChange,
  requests: number | undefined,
): readonly string[] {
  if (operations.length === 0) return []
  const share =
    sharePercent === undefined || requests === undefined
      ? ''
      : `, ${percent(sharePercent)} of ${grouped(requests)} requests`
  const shown = operations.slice(0, operationsMax).map(operation => `  ${operationLine(operation)}`)
  const more = operations.length - shown.length
  return [
    `hurts ${counted(operations.length, 'operation')}${share}:`,
    ...shown,
    ...(more > 0 ? [`  and ${more} more (all of them with --format json)`] : []),
  ]
}

function operationLine(operation: ReportedOperation): string {
  const { name, id, how, requests, sharePercent, lastSeen, file, line, level } = operation
  const facts: string[] = []
  if (requests !== undefined) {
    facts.push(`${grouped(requests)} requests`)
    if (sharePercent !== undefined) facts.push(percent(sharePercent))
    if (lastSeen !== undefined) facts.push(`last ${lastSeen.slice(0, 10)}`)
    facts.push(clientsOf(operation))
  } else facts.push(`${file}:${line}`)
  const mild = level === 'dangerous' ? ' [dangerous]' : ''
  return `${name ?? `operation ${id}`} (${facts.join('; ')}) ${how.join(', ')}${mild}`
}

function clientsOf({ clients }: ReportedOperation): string {
  const names = clients.map(
    ({ name, version }) => `${name ?? 'unnamed client'}${version === undefined ? '' : ` ${version}`}`,
  )
  const more = names.length - clientsMax
  return `${names.slice(0, clientsMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function planDiagnostic(plan: NonNullable<CheckReport['plans']>['changed'][number]): Diagnostic {
  const { name, id, file, line, before, after } = plan
  const services = (figures: typeof before): string =>
    Object.entries(figures.subgraphs)
      .map(([subgraph, fetches]) => (fetches === 1 ? subgraph : `${subgraph} × ${fetches}`))
      .join(', ')
  const grows = after.fetches > before.fetches || after.steps > before.steps
  return {
    severity: grows ? 'warning' : 'notice',
    code: grows ? 'PLAN_GREW' : 'PLAN_CHANGED',
    message: `${name ?? `operation ${id}`} takes ${counted(after.fetches, 'fetch', 'fetches')} in ${counted(after.steps, 'step')} (${services(after)}); before ${counted(before.fetches, 'fetch', 'fetches')} in ${counted(before.steps, 'step')} (${services(before)})`,
    locations: [{ subgraph: undefined, file, line, column: 1, text: undefined }],
    ...(grows
      ? {
          advice:
            'see whether the fields can be answered where their neighbours are, e.g. with @provides or @shareable',
        }
      : {}),
  }
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? 'less than 0.01 %' : `${share} %`
}
