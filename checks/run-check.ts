import { isInterfaceType, isObjectType } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import type { Diagnostic } from '../composition/diagnostic.ts'
import { acceptanceNotices, covers, expired } from './accepted/accepted-changes.ts'
import type { Acceptance } from './accepted/accepted-changes.ts'
import { changesBetween } from './changes/changes-between.ts'
import type { RecordedOperation } from './operations/recorded-operation.ts'
import { requestsOf } from './operations/recorded-operation.ts'
import { selectOperations } from './operations/select-operations.ts'
import type { OperationFilter } from './operations/select-operations.ts'
import type { SchemaSource } from './places/schema-source.ts'
import { Tracer } from './places/trace.ts'
import { adviseChange } from './report/advise-change.ts'
import { fails } from './report/check-report.ts'
import type { CheckReport, FailOn, PlansSummary, ReportedChange } from './report/check-report.ts'
import { describeChange } from './report/describe-change.ts'
import { reportedOperation, shareOf } from './report/reported-operation.ts'
import { judgeChanges } from './verdicts/judge-changes.ts'
import type { JudgedChange, RefusedOperation } from './verdicts/judge-changes.ts'

/** One version of a graph, as clients see it and as people wrote it. */
export interface SchemaVersion {
  readonly schema: GraphQLSchema
  /** Undefined: only the result is known, not what it was made from. */
  readonly sources: readonly SchemaSource[] | undefined
}

export interface CheckInput {
  /** How the baseline was named. */
  readonly against: string
  /** The configuration of the new schema. */
  readonly config: string
  readonly base: SchemaVersion
  readonly next: SchemaVersion
  /** Undefined: the check goes by the schemas alone, and assumes the worst. */
  readonly operations: readonly RecordedOperation[] | undefined
  readonly filter: OperationFilter
  readonly accepted: { readonly file: string; readonly entries: readonly Acceptance[] } | undefined
  readonly failOn: FailOn
  /** What others have found already, e.g. lint; an error among them fails the check. */
  readonly findings: readonly Diagnostic[]
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/** Compares two versions of a graph. Plans are compared by whoever has a planner: `comparePlans`. */
export function runCheck(
  input: CheckInput,
): CheckReport & { readonly selected: readonly RecordedOperation[] } {
  const { base, next, nowMs, accepted, failOn, against, config } = input
  const selection = input.operations && selectOperations(input.operations, input.filter, nowMs)
  const changes = changesBetween(base.schema, next.schema)
  const judgement = judgeChanges(base.schema, next.schema, changes, selection?.operations)
  const unusable = new Set(judgement.unusable.map(({ operation }) => operation))
  const usable = selection?.operations.filter(operation => !unusable.has(operation)) ?? []
  const requests = usable.reduce((sum, operation) => sum + requestsOf(operation), 0)
  const entries = accepted?.entries ?? []
  const used = new Set<Acceptance>()
  const report = reporter(input, requests, entries, used)
  const reported = judgement.changes.map(report).sort((a, b) => levelOrder(a) - levelOrder(b))
  const findings = [
    ...input.findings,
    ...judgement.refused.map(refusal),
    ...judgement.unusable.map(unusableNotice),
    ...(accepted === undefined ? [] : acceptanceNotices(entries, used, accepted.file, nowMs)),
  ]
  const failed = reported.some(change => fails(change, failOn)) || findings.some(isError)
  return {
    version: 1,
    against,
    config,
    outcome: failed ? 'failed' : 'passed',
    failOn,
    composition: [],
    changes: reported,
    operations: selection && {
      checked: usable.length,
      leftOut: selection.leftOut,
      unusable: unusable.size,
      requests: requests === 0 ? undefined : requests,
    },
    findings,
    plans: undefined,
    selected: usable,
  }
}

/** The report of a check that got no further than composition. */
export function compositionReport(
  { against, config }: Pick<CheckReport, 'against' | 'config'>,
  errors: readonly Diagnostic[],
  failOn: FailOn,
): CheckReport {
  const nothing = { changes: [], operations: undefined, findings: [], plans: undefined }
  return { version: 1, against, config, outcome: 'composition', failOn, composition: errors, ...nothing }
}

export function withPlans(report: CheckReport, plans: PlansSummary | undefined): CheckReport {
  return { ...report, plans }
}

function reporter(
  { base, next, nowMs }: CheckInput,
  requests: number,
  entries: readonly Acceptance[],
  used: Set<Acceptance>,
): (judged: JudgedChange) => ReportedChange {
  const tracer = new Tracer(base.sources, next.sources ?? [])
  return ({ change, level, why, hurt }) => {
    const { kind, coordinate } = change
    const acceptance =
      level === 'safe'
        ? undefined
        : entries.find(entry => covers(entry, kind, coordinate) && !expired(entry, nowMs))
    if (acceptance !== undefined) used.add(acceptance)
    const operations = hurt.map(one => reportedOperation(one, requests))
    return {
      kind,
      coordinate,
      level,
      message: describeChange(change),
      why,
      advice: level === 'safe' ? undefined : adviseChange(change),
      accepted: acceptance && { reason: acceptance.reason, until: acceptance.until },
      locations: tracer.placesOf(coordinate, [
        ...rootTypes(change),
        ...byInterface(coordinate, [base.schema, next.schema]),
      ]),
      operations: operations.sort((a, b) => (b.requests ?? 0) - (a.requests ?? 0)),
      sharePercent: shareOf(
        hurt.reduce((sum, { operation }) => sum + requestsOf(operation), 0),
        requests,
      ),
    }
  }
}

/** What a subgraph declares instead of `subscription`. */
function rootTypes(change: JudgedChange['change']): readonly string[] {
  if (!change.kind.startsWith('ROOT_TYPE_')) return []
  return 'to' in change ? [change.to, change.from].filter(name => typeof name === 'string') : []
}

/** `User.name` as its interfaces declare it: a subgraph may add a field to all implementations with @interfaceObject. */
function byInterface(coordinate: string, schemas: readonly GraphQLSchema[]): readonly string[] {
  const dot = coordinate.indexOf('.')
  if (dot < 0 || coordinate.includes(' ')) return []
  const [name, rest] = [coordinate.slice(0, dot), coordinate.slice(dot)]
  const interfaces = schemas.flatMap(schema => {
    const type = schema.getType(name)
    return isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().map(each => each.name) : []
  })
  return [...new Set(interfaces)].map(each => `${each}${rest}`)
}

const levels = ['breaking', 'dangerous', 'safe']

function levelOrder({ level, accepted }: ReportedChange): number {
  return levels.indexOf(level) + (accepted === undefined ? 0 : 0.5)
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error'
}

function refusal({ operation, message }: RefusedOperation): Diagnostic {
  return {
    severity: 'error',
    code: 'OPERATION_REFUSED',
    message: `${operation.name ?? operation.id} is refused after these changes together: ${message}`,
    locations: [placeOf(operation)],
    advice:
      'keep the old types, or change the operation first: drop the fragment, or give one of the fields an alias',
  }
}

function unusableNotice({ operation, message }: RefusedOperation): Diagnostic {
  return {
    severity: 'warning',
    code: 'OPERATION_UNUSABLE',
    message: `${operation.name ?? operation.id} was refused before these changes as well, so nothing is said of it: ${message}`,
    locations: [placeOf(operation)],
    advice: 'remove it from the recorded operations, or compare with the schema it was written for',
  }
}

function placeOf({ file, line }: RecordedOperation): Diagnostic['locations'][number] {
  return { subgraph: undefined, file, line, column: 1, text: undefined }
}
