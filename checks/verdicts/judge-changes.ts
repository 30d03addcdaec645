import { validate } from 'graphql'
import type { GraphQLError, GraphQLSchema } from 'graphql'
import { changeKey } from '../changes/change.ts'
import type { Change } from '../changes/change.ts'
import type { RecordedOperation } from '../operations/recorded-operation.ts'
import { OperationExaminer } from './examine-operation.ts'
import { worse } from './finding.ts'
import type { Finding, Level } from './finding.ts'
import { causesOfRefusal } from './refusal-causes.ts'
import { StructuralLevels } from './structural-level.ts'

/** An operation that a change hurts, and each way in which it does. */
export interface HurtOperation {
  readonly operation: RecordedOperation
  readonly level: Finding['level']
  /** Phrases after the operation's name: `selects Product.name`. */
  readonly how: readonly string[]
}

/** A change with its verdict. */
export interface JudgedChange {
  readonly change: Change
  readonly level: Level
  /** Why, in a sentence without a period. */
  readonly why: string
  /** The worst first. Empty for safe changes, and when no operations were given. */
  readonly hurt: readonly HurtOperation[]
}

/** An operation that is refused, where no change of its own could be found that does it. */
export interface RefusedOperation {
  readonly operation: RecordedOperation
  /** What the server would answer. */
  readonly message: string
}

export interface Judgement {
  readonly changes: readonly JudgedChange[]
  readonly refused: readonly RefusedOperation[]
  /** Operations that were not valid before either, so that nothing can be said of them. */
  readonly unusable: readonly RefusedOperation[]
}

/** Every change with its verdict; without operations (undefined) the worst is assumed of each. */
export function judgeChanges(
  base: GraphQLSchema,
  next: GraphQLSchema,
  changes: readonly Change[],
  operations: readonly RecordedOperation[] | undefined,
): Judgement {
  const structural = new StructuralLevels(base, next)
  if (operations === undefined) {
    const judged = changes.map(change => ({ change, ...structural.judge(change), hurt: [] }))
    return { changes: judged, refused: [], unusable: [] }
  }
  const examiner = new OperationExaminer(base, next)
  const hurt = new Map<string, HurtOperation[]>()
  const refused: RefusedOperation[] = []
  const unusable: RefusedOperation[] = []
  for (const operation of operations) {
    const invalid = firstFault(base, operation)
    if (invalid !== undefined) {
      unusable.push({ operation, message: invalid.message })
      continue
    }
    const findings = [...examiner.examine(operation)]
    if (!findings.some(({ level }) => level === 'breaking')) {
      const fault = firstFault(next, operation)
      const causes = fault === undefined ? [] : causesOfRefusal(fault, operation.document, base, next)
      if (fault !== undefined && causes.length === 0) refused.push({ operation, message: fault.message })
      findings.push(...causes)
    }
    for (const [key, one] of byChange(operation, findings)) {
      const list = hurt.get(key)
      if (list === undefined) hurt.set(key, [one])
      else list.push(one)
    }
  }
  const judged = changes.map(change => judgeByUse(change, hurt, structural, operations.length))
  return { changes: judged, refused, unusable }
}

function judgeByUse(
  change: Change,
  hurt: ReadonlyMap<string, readonly HurtOperation[]>,
  structural: StructuralLevels,
  operations: number,
): JudgedChange {
  const found = hurt.get(changeKey(change.kind, change.coordinate)) ?? []
  const assumed = structural.judge(change)
  if (found.length === 0) {
    const unhurt =
      operations === 1
        ? 'it does not hurt the one recorded operation'
        : `it hurts none of the ${operations} recorded operations`
    const why = assumed.level === 'safe' ? assumed.why : unhurt
    return { change, level: 'safe', why, hurt: [] }
  }
  const level = found.reduce<Level>((worst, each) => worse(worst, each.level), 'safe')
  const sorted = [...found].sort((a, b) => order(a) - order(b))
  const why =
    assumed.level === 'safe' ? 'what operations select beside it or inside it no longer fits' : assumed.why
  return { change, level, why, hurt: sorted }
}

function order({ level }: HurtOperation): number {
  return level === 'breaking' ? 0 : 1
}

function byChange(
  operation: RecordedOperation,
  findings: readonly Finding[],
): ReadonlyMap<string, HurtOperation> {
  const hurt = new Map<string, HurtOperation>()
  for (const { kind, coordinate, level, how } of findings) {
    const key = changeKey(kind, coordinate)
    const before = hurt.get(key)
    const worst = before?.level === 'breaking' ? before.level : level
    hurt.set(key, { operation, level: worst, how: [...(before?.how ?? []), how] })
  }
  return hurt
}

function firstFault(schema: GraphQLSchema, { document }: RecordedOperation): GraphQLError | undefined {
  return validate(schema, document, undefined, { maxErrors: 1 })[0]
}
