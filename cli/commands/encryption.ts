import { EnneadError } from '../../kernel/errors.ts'
import { choice, readSettings } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { isCurrent, textOf, walk, withRenewed } from '../encryption/encryption-report.ts'
import { encryptionSettings } from '../encryption/encryption-settings.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { Progress } from '../progress.ts'
import { dataSettings } from '../settings.ts'
import { dbStores } from '../store-settings.ts'
import { terminalOf } from '../terminal.ts'
import { grouped } from '../transfer/counted.ts'
import { openDeployment } from '../transfer/deployment.ts'

const summary = 'Shows what is stored encrypted and with which keys, and writes it anew with the current one.'

const settings = {
  ...dataSettings,
  ...dbStores,
  ...encryptionSettings,
  format: choice('How to say it.', 'text', ['text', 'json']),
}

const examples = [
  ['ennead encryption status', 'of the Ennead that runs on .ennead, or of its stores while it does not'],
  [
    'ennead encryption rotate',
    'after a key or a field was added or taken away; goes on where it was broken off',
  ],
  ['docker compose exec db node bin/ennead.js encryption status', 'of a deployment of several processes'],
] as const

export const encryption: Command = {
  summary,
  async run(argv) {
    const about = `${summary} A process that runs has its own --encrypt and keys. Exit code 1: something is not stored as it is to be.`
    const help = helpText(argv, 'encryption status|rotate [flags]', about, settings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [verb, ...rest] = argv
    if (verb !== 'status' && verb !== 'rotate') {
      throw new EnneadError('BAD_OPTION', 'what? ennead encryption status or rotate')
    }
    const given = readSettings(settings, rest, process.env)
    const progress = new Progress(terminalOf(process.stderr, process.env), text => process.stderr.write(text))
    try {
      await using deployment = await openDeployment({ settings: given, parts: ['db'], create: false })
      const onRecords = (count: number): void => progress.show(`${grouped(count)} records …`)
      const renewed = verb === 'rotate' ? await walk(deployment, true, onRecords) : undefined
      // Looked at once more: a process that had not read the keys yet may have written meanwhile.
      const found = withRenewed(await walk(deployment, false, onRecords), renewed)
      progress.clear()
      process.stdout.write(given.format === 'json' ? `${JSON.stringify(found)}\n` : textOf(found))
      return isCurrent(found) ? exitCodes.done : exitCodes.failed
    } finally {
      progress.clear()
    }
  },
}
