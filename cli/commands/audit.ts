import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { type AuditPin, verifyAudit } from '../../subgraphs/auth/audit/verify-audit.ts'
import { auditFile } from '../../subgraphs/auth/audit/audit-log.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { auditSettings } from '../settings.ts'

const summary = 'Checks that nothing in the audit log was changed or taken out, and prints it.'
const usage = 'audit verify|export [flags]'

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
      [
        'ennead audit export --after 120',
        'verifies, then prints the entries from number 121 on, one line each',
      ],
    ])
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    if (action !== 'verify' && action !== 'export') throw new EnneadError('BAD_OPTION', `ennead ${usage}`)
    const { data, pin, after, workspace } = readSettings(auditSettings, rest, process.env)
    const path = join(data, 'auth', auditFile)
    const verdict = await verifyAudit(path, pin.map(pinOf)).catch((cause: unknown) => {
      throw new EnneadError('DATA_FOLDER_UNREADABLE', `the audit log ${path} cannot be read`, { cause })
    })
    if (verdict.is === 'broken') {
      process.stderr.write(`${path}:${verdict.line}: ${verdict.why}\n`)
      return exitCodes.failed
    }
    const { entries, hash } = verdict
    if (action === 'export') {
      // What is appended meanwhile has not been verified.
      await pipeline(linesOf(path, { after, until: entries, workspace }), process.stdout, { end: false })
      return exitCodes.done
    }
    process.stdout.write(`whole: ${entries} entries, pin ${entries}:${hash}\n`)
    return exitCodes.done
  },
}

interface ExportedEntries {
  readonly after: number
  readonly until: number
  readonly workspace: string | undefined
}

/** Lines of the log as they stand in it. */
async function* linesOf(path: string, { after, until, workspace }: ExportedEntries): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const { seq, workspaceId }: { seq?: unknown; workspaceId?: unknown } = Object(JSON.parse(line))
    const number = Number(seq)
    if (number > until) return
    if (number > after && (workspace === undefined || workspace === workspaceId)) yield `${line}\n`
  }
}

function pinOf(text: string): AuditPin {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash }
  throw new EnneadError(
    'BAD_OPTION',
    `--pin: ${JSON.stringify(text)} is not NUMBER:HASH as verify printed it`,
  )
}
