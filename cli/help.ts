import { describeSettings, type SettingTable } from '../kernel/settings.ts'

/** The text of `ennead <usage> --help` when it was asked for, else undefined. */
export function helpText(
  argv: readonly string[],
  usage: string,
  summary: string,
  settings: SettingTable,
): string | undefined {
  if (!argv.includes('--help') && !argv.includes('-h')) return undefined
  return `${summary}\n\nennead ${usage}\n\n${describeSettings(settings)}\n`
}
