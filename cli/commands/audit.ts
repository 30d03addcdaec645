import { join } from 'node:path'
import { type AuditPin, verifyAudit } from '../../subgraphs/auth/audit/verify-audit.ts'
import { auditFile } from '../../subgraphs/auth/audit/audit-log.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { auditSettings } from '../settings.ts'

const summary = 'Checks that nothing in the audit log was changed or taken out.'
const usage = 'audit verify [flags]'

/** Reads the file itself: it works while Ennead runs, and without it on a copy. */
export const audit: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, `${summary} Exit code 1 when something was.`, auditSettings, [
      [
        'ennead audit verify',
        'prints how many entries there are, and the newest one’s number and hash: note them elsewhere',
      ],
      [
        'ennead audit verify --pin 120:9f86…',
        'also refuses a log that was written anew since they were noted',
      ],
    ])
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    if (action !== 'verify') throw new EnneadError('BAD_OPTION', `ennead ${usage}`)
    const { data, pin } = readSettings(auditSettings, rest, process.env)
    const path = join(data, 'auth', auditFile)
    const verdict = await verifyAudit(path, pin.map(pinOf)).catch((cause: unknown) => {
      throw new EnneadError('DATA_FOLDER_UNREADABLE', `the audit log ${path} cannot be read`, { cause })
    })
    if (verdict.is === 'broken') {
      process.stderr.write(`${path}:${verdict.line}: ${verdict.why}\n`)
      return exitCodes.failed
    }
    const { entries, hash } = verdict
    process.stdout.write(`whole: ${entries} entries, pin ${entries}:${hash}\n`)
    return exitCodes.done
  },
}

function pinOf(text: string): AuditPin {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash }
  throw new EnneadError(
    'BAD_OPTION',
    `--pin: ${JSON.stringify(text)} is not NUMBER:HASH as verify printed it`,
  )
}
