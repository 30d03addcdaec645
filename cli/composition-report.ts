import type { Composition } from '../composition/compose-from-config.ts'
import type { Diagnostic, Severity } from '../composition/diagnostic.ts'
import { renderDiagnostic } from '../composition/render-diagnostic.ts'
import { exitCodes } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Which of what is no error is shown: nothing, warnings, or notices too. */
export const hintLevels = ['none', 'warning', 'notice'] as const
export type HintLevel = (typeof hintLevels)[number]

/** The diagnostics for people, one below the other, with a line about those that are not shown. */
export function reportDiagnostics(
  diagnostics: readonly Diagnostic[],
  terminal: Terminal,
  hints: HintLevel,
): string {
  const shown = diagnostics.filter(({ severity }) => isShown(severity, hints))
  const parts = shown.map(diagnostic => renderDiagnostic(diagnostic, terminal))
  const hidden = diagnostics.filter(({ severity }) => !isShown(severity, hints))
  if (hidden.length > 0) {
    const level = hidden.some(({ severity }) => severity === 'notice') ? 'notice' : 'warning'
    parts.push(
      `${counted(hidden)} not shown; see ${hidden.length === 1 ? 'it' : 'them'} with --hints ${level}\n`,
    )
  }
  return parts.join('\n')
}

/** The last line of a failed composition: code, configuration, how much is wrong. */
export function failedLine(composition: Composition & { readonly ok: false }, config: string): string {
  const { because, diagnostics } = composition
  const [code, what] = {
    configuration: ['CONFIG_INVALID', 'is not a configuration to compose from'],
    sources: ['SCHEMA_UNREADABLE', 'names what cannot be read'],
    schemas: ['COMPOSITION_FAILED', 'does not compose'],
  }[because]
  return `ennead: ${code}: ${config} ${what}: ${counted(diagnostics)}\n`
}

/** The last line of a composition that worked. */
export function composedLine(composition: Composition & { readonly ok: true }, config: string): string {
  const { diagnostics } = composition
  return `${config} composes${diagnostics.length === 0 ? '' : `: ${counted(diagnostics)}`}`
}

/** Usage for a wrong configuration, the environment for what cannot be read, composition for what does not compose. */
export function exitCodeOfComposition(composition: Composition): number {
  if (composition.ok) return exitCodes.done
  return {
    configuration: exitCodes.usage,
    sources: exitCodes.environment,
    schemas: exitCodes.composition,
  }[composition.because]
}

/** Is what has this severity shown when hints are down to `hints`? */
export function isShown(severity: Severity, hints: HintLevel): boolean {
  return severity === 'error' || hints === 'notice' || (hints === 'warning' && severity === 'warning')
}

/** `2 errors and 1 warning` */
function counted(diagnostics: readonly Diagnostic[]): string {
  const parts = (['error', 'warning', 'notice'] as const).flatMap(severity => {
    const count = diagnostics.filter(diagnostic => diagnostic.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`]
  })
  const last = parts.pop() ?? 'nothing'
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`
}
