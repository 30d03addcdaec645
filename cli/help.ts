import { describeSettings, type SettingTable } from '../kernel/settings.ts'

/** The text of `ennead <usage> --help` when it was asked for, else undefined. */
export function helpText(
  argv: readonly string[],
  usage: string,
  summary: string,
  settings: SettingTable,
  examples: readonly (readonly [command: string, does: string])[] = [],
): string | undefined {
  if (!argv.includes('--help') && !argv.includes('-h')) return undefined
  const width = Math.max(0, ...examples.map(([command]) => command.length))
  const shown = examples.map(([command, does]) => `  ${command.padEnd(width)}   ${does}\n`).join('')
  return `${summary}\n\nennead ${usage}\n\n${shown === '' ? '' : `Examples:\n${shown}\n`}${describeSettings(settings)}\n`
}
