import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { packageRoot } from '../package-root.ts'
import { runExperiment, type ExperimentOptions } from '../reliability/experiment.ts'
import { markdownReport } from '../reliability/report.ts'
import { judge } from '../reliability/verdicts.ts'
import { reliabilitySettings } from '../settings.ts'

const summary =
  'Measures on an Ennead of its own what is promised about reliability, and compares it with the model.'

export const reliability: Command = {
  summary,
  async run(argv) {
    const help = helpText(
      argv,
      'reliability [flags]',
      `${summary} Exit code 1 when a promise is not kept.`,
      reliabilitySettings,
    )
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(reliabilitySettings, argv, process.env)
    const findings = await runExperiment({
      ...optionsOf(settings),
      progress: line => process.stderr.write(`${line}\n`),
    })
    const verdicts = judge(findings)
    const report = markdownReport(findings, ['ennead reliability', ...argv].join(' '))
    process.stdout.write(settings.json ? `${JSON.stringify({ ...findings, verdicts })}\n` : report)
    if (settings.write) await writeFile(join(packageRoot(), 'docs', 'reliability.md'), report)
    return verdicts.every(({ kept }) => kept) ? exitCodes.done : exitCodes.failed
  },
}

const full = {
  count: 40_000,
  warmUpCount: 500,
  errorRates: [0, 0.05, 0.1, 0.15, 0.2, 0.25],
  callerErrorCount: 1_000,
  trials: 12,
  cascadeCount: 12_000,
}
/** 800 good answers of 800 are the fewest that show 99.5 %. */
const short = {
  count: 800,
  warmUpCount: 100,
  errorRates: [0, 0.15],
  callerErrorCount: 200,
  trials: 0,
  cascadeCount: 0,
}
const scenarioMs = 5_000

function optionsOf(settings: SettingsOf<typeof reliabilitySettings>): Omit<ExperimentOptions, 'progress'> {
  const form = settings.short ? short : full
  return {
    ...form,
    count: settings.requests === 0 ? form.count : settings.requests,
    errorRates: settings.errorRates.length === 0 ? form.errorRates : settings.errorRates.map(errorRate),
    rate: settings.rate,
    seed: settings.seed,
    scenarioMs: settings.short ? 0 : scenarioMs,
    flags: [
      '--attempt-timeout-ms',
      String(settings.attemptTimeoutMs),
      '--domain-timeout-ms',
      String(settings.domainTimeoutMs),
      '--request-timeout-ms',
      String(settings.requestTimeoutMs),
    ],
  }
}

function errorRate(text: string): number {
  const rate = Number(text)
  if (text !== '' && rate >= 0 && rate < 1) return rate
  throw new EnneadError(
    'BAD_OPTION',
    `--error-rates: ${JSON.stringify(text)} is not a number from 0 to below 1`,
  )
}
