import { EnneadError } from '../../kernel/errors.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import { engineNames } from '../../subgraphs/db/engine-slot.ts'
import type { DirectoryExamination } from '../../subgraphs/auth/directory/examine-directory.ts'
import type { Examination } from '../../subgraphs/db/doctor/finding.ts'
import type { Command } from '../command.ts'
import { differencesIn, findingsIn, reportOf, textOf } from '../doctor/doctor-report.ts'
import { doctorSettings } from '../doctor/doctor-settings.ts'
import { openStores, type StoppedPatient } from '../doctor/open-stores.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { Progress } from '../progress.ts'
import { terminalOf } from '../terminal.ts'
import { runningCommands } from '../transfer/deployment.ts'

const summary = 'Compares the stores, record by record, and says what differs; puts it right on request.'

const examples = [
  ['ennead doctor', 'of the Ennead that runs on .ennead, or of its stores while it does not'],
  ['ennead doctor --repair', 'as well, from what the change log says; then compares again'],
  ['ennead doctor --forget cache', 'this store is gone for good: the others decide without it'],
  ['ennead doctor --found-on sql', 'two of three lost their data: go on with what this one holds'],
  ['docker compose exec db node bin/ennead.js doctor', 'of a deployment of several processes'],
] as const

export const doctor: Command = {
  summary,
  async run(argv) {
    const about = `${summary} Exit code 1 when something differs, or still does after a repair.`
    const help = helpText(argv, 'doctor [flags]', about, doctorSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(doctorSettings, argv, process.env)
    const progress = new Progress(terminalOf(process.stderr, process.env), text => process.stderr.write(text))
    progress.show('comparing the stores …')
    try {
      await using patient = await patientOf(settings)
      const { foundOn } = settings
      const forget = engineNames.filter(name => settings.forget.includes(name))
      if (foundOn !== '') await patient.foundOn(foundOn, forget)
      else if (forget.length > 0) await patient.forget(forget)
      const before = await patient.examine(settings.repair)
      const mended = settings.repair && differencesIn(findingsIn(before)).some(({ repairable }) => repairable)
      if (mended) progress.show('comparing the stores once more …')
      const report = reportOf(before, mended ? await patient.examine(false) : before)
      progress.clear()
      process.stdout.write(settings.format === 'json' ? `${JSON.stringify(report)}\n` : textOf(report))
      return differencesIn(report.findings).length === 0 ? exitCodes.done : exitCodes.failed
    } finally {
      progress.clear()
    }
  },
}

/** The process that has the stores, or the stores themselves. */
async function patientOf(settings: SettingsOf<typeof doctorSettings>): Promise<StoppedPatient> {
  const running = await runningCommands(settings.data)
  const ask = running.get('doctor')
  const askUsers = running.get('doctor/directory')
  if (ask === undefined && askUsers === undefined) return openStores(settings)
  return {
    async forget(names) {
      const forget = running.get('doctor/forget')
      if (forget === undefined) {
        throw new EnneadError(
          'NOT_RUNNING',
          'the Ennead that runs is older and forgets no store: stop it first',
        )
      }
      for (const store of names) await forget({ store })
    },
    foundOn: on => {
      const why = `stop Ennead first: its process on ${settings.data} has the stores, which are founded on ${on} while none runs`
      return Promise.reject(new EnneadError('DATA_FOLDER_IN_USE', why))
    },
    // Answered by the handlers in doctor-commands.ts.
    examine: async repair => ({
      stores: (await ask?.({ repair })) as Examination | undefined,
      users: (await askUsers?.({ repair })) as DirectoryExamination | undefined,
    }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
