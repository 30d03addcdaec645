import type { Diagnostic, Severity } from '../../composition/diagnostic.ts'
import { Declarations } from '../places/declarations.ts'
import type { SchemaSource } from '../places/schema-source.ts'
import { declaredIn } from './declared.ts'
import { lintRules } from './lint-rules.ts'
import type { LintRuleName } from './lint-rules.ts'

/**
 * What the chosen rules have to say of the new schemas, each with its severity. What they would have said before as well is left out, so that a rule
 * can be switched on without first repairing an old graph.
 */
export function lintSchemas(
  base: readonly SchemaSource[] | undefined,
  next: readonly SchemaSource[],
  rules: ReadonlyMap<LintRuleName, Severity>,
): readonly Diagnostic[] {
  const names = [...rules.keys()]
  const old = new Set(
    (base ?? [])
      .filter(({ derived }) => !derived)
      .flatMap(source => faultsOf(source, names))
      .map(keyOf),
  )
  return next.flatMap(source => {
    const faults = faultsOf(source, names).filter(fault => !old.has(keyOf(fault)))
    if (faults.length === 0) return []
    const declarations = new Declarations(source)
    return faults.map(({ rule, coordinate, message, advice }): Diagnostic => {
      const place = declarations.placeOf(coordinate)
      const code = `LINT_${rule.toUpperCase().replaceAll('-', '_')}`
      const severity = rules.get(rule) ?? 'error'
      return { severity, code, message, locations: place === undefined ? [] : [place], advice }
    })
  })
}

interface Fault {
  readonly rule: LintRuleName
  readonly subgraph: string | undefined
  readonly coordinate: string
  readonly message: string
  readonly advice: string
}

function faultsOf({ sdl, subgraph }: SchemaSource, rules: readonly LintRuleName[]): readonly Fault[] {
  return declaredIn(sdl).flatMap(declared =>
    rules.flatMap(rule => {
      const fault = lintRules[rule](declared)
      return fault === undefined ? [] : [{ rule, subgraph, coordinate: declared.coordinate, ...fault }]
    }),
  )
}

function keyOf({ rule, subgraph, coordinate }: Fault): string {
  return `${rule} ${subgraph ?? ''} ${coordinate}`
}
