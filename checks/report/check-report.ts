import type { Diagnostic, SourceLocation } from '../../composition/diagnostic.ts'
import type { ChangeKind } from '../changes/change.ts'
import type { Level } from '../verdicts/finding.ts'

/** What a check found, for people and programs. Its JSON form has `version`; members may be added within a version. */
export interface CheckReport {
  readonly version: 1
  /** What the schema was compared with, as it was named. */
  readonly against: string
  /** The configuration of the new schema. */
  readonly config: string
  /** `composition`: there is no new schema to compare. */
  readonly outcome: 'passed' | 'failed' | 'composition'
  /** The level from which changes fail the check. */
  readonly failOn: FailOn
  /** Errors of composition; all else is empty then. */
  readonly composition: readonly Diagnostic[]
  /** Breaking ones first, then by coordinate. */
  readonly changes: readonly ReportedChange[]
  /** Undefined: the check went by the schemas alone. */
  readonly operations: OperationsSummary | undefined
  /** What else there is to say: operations that are refused, lint, acceptances that ended. */
  readonly findings: readonly Diagnostic[]
  readonly plans: PlansSummary | undefined
}

export const failOnWords = ['breaking', 'dangerous', 'never'] as const
export type FailOn = (typeof failOnWords)[number]

export interface ReportedChange {
  readonly kind: ChangeKind
  readonly coordinate: string
  readonly level: Level
  /** What changed, a sentence without a period. */
  readonly message: string
  /** Why it has its level, likewise. */
  readonly why: string
  /** What to do about it; undefined for safe changes. */
  readonly advice: string | undefined
  /** Somebody decided to let it pass. */
  readonly accepted: { readonly reason: string; readonly until: string } | undefined
  readonly locations: readonly SourceLocation[]
  /** The operations it hurts, the worst and the most used first. */
  readonly operations: readonly ReportedOperation[]
  /** Their share of all recorded requests, percent. Undefined: nothing was counted. */
  readonly sharePercent: number | undefined
}

export interface ReportedOperation {
  readonly id: string
  readonly name: string | undefined
  readonly file: string
  readonly line: number
  readonly level: Exclude<Level, 'safe'>
  readonly how: readonly string[]
  /** Undefined: its source counts nothing. */
  readonly requests: number | undefined
  readonly sharePercent: number | undefined
  /** ISO 8601. */
  readonly lastSeen: string | undefined
  /** The most used first. */
  readonly clients: readonly ReportedClient[]
}

export interface ReportedClient {
  readonly name: string | undefined
  readonly version: string | undefined
  readonly requests: number
}

export interface OperationsSummary {
  readonly checked: number
  /** Because they are rare, old, or only of ignored clients. */
  readonly leftOut: number
  /** Not valid before the changes either. */
  readonly unusable: number
  /** Undefined: no source counts any. */
  readonly requests: number | undefined
}

export interface PlansSummary {
  readonly compared: number
  /** Operations beyond the limit of how many are planned. */
  readonly leftOut: number
  readonly changed: readonly PlanChange[]
}

/** How one operation is fetched before and after. */
export interface PlanChange {
  readonly id: string
  readonly name: string | undefined
  /** Where the operation stands. */
  readonly file: string
  readonly line: number
  readonly before: PlanFigures
  readonly after: PlanFigures
}

export interface PlanFigures {
  readonly fetches: number
  /** Fetches that wait for each other, the longest chain. */
  readonly steps: number
  /** Fetches of each subgraph. */
  readonly subgraphs: Readonly<Record<string, number>>
}

/** Does this change fail the check? */
export function fails({ level, accepted }: ReportedChange, failOn: FailOn): boolean {
  if (accepted !== undefined || failOn === 'never') return false
  return level === 'breaking' || (level === 'dangerous' && failOn === 'dangerous')
}
