import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import { CertsFolder } from '../certs/certs-folder.ts'
import { certsReport } from '../certs/certs-report.ts'
import { certsSettings } from '../certs/certs-settings.ts'
import { initAuthority, issueCertificate, renewCertificates } from '../certs/manage-certificates.ts'
import { rotateAuthority } from '../certs/rotate-authority.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'

const summary =
  'Makes, renews and shows the certificates by which the processes of a deployment know each other.'
const usage = 'certs init|issue NAME|renew [NAME …]|status|rotate-ca [flags]'

/** Works on files only: whatever runs with them takes new ones in by itself. */
export const certs: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, `${summary} status: exit code 1 when one runs out.`, certsSettings, [
      ['ennead certs init', 'makes the authority'],
      ['ennead certs issue db --host db.internal', 'a certificate for 24 hours'],
      ['ennead certs renew', 'those that have lived half of their life; to be run every hour'],
      [
        'ennead certs rotate-ca --step introduce',
        'begins to replace the authority, see docs/certificates.md',
      ],
    ])
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    const flagsAt = rest.findIndex(word => word.startsWith('-'))
    const names = flagsAt === -1 ? rest : rest.slice(0, flagsAt)
    const settings = readSettings(certsSettings, flagsAt === -1 ? [] : rest.slice(flagsAt), process.env)
    const folder = new CertsFolder(settings.folder)
    const wallMs = Date.now()
    const [name, ...more] = names
    if (more.length > 0 && action !== 'renew') throw new EnneadError('BAD_OPTION', `ennead ${usage}`)
    if (action === 'init' && name === undefined) {
      await initAuthority(folder, settings.days, wallMs)
      return told(
        `an authority for ${settings.days} days is in ${folder.path}; next: ennead certs issue NAME`,
      )
    }
    if (action === 'issue' && name !== undefined) {
      const hosts = settings.host.length === 0 ? [name, 'localhost'] : settings.host
      await issueCertificate(folder, { holder: name, hosts, hours: settings.hours, wallMs })
      const files = [folder.file(name, 'crt'), folder.file(name, 'key')].join(' and ')
      return told(`${files} are for ${hosts.join(', ')}, for ${settings.hours} hours`)
    }
    if (action === 'renew') {
      const renewed = await renewCertificates(folder, { holders: names, early: settings.early, wallMs })
      return told(renewed.length === 0 ? 'nothing is due' : `renewed: ${renewed.join(', ')}`)
    }
    if (action === 'rotate-ca' && name === undefined) {
      return told(`done; next: ${await rotateAuthority(folder, settings.step, { ...settings, wallMs })}`)
    }
    if (action === 'status' && name === undefined) {
      const { text, good } = await certsReport(folder, wallMs)
      process.stdout.write(text)
      return good ? exitCodes.done : exitCodes.failed
    }
    throw new EnneadError('BAD_OPTION', `ennead ${usage}`)
  },
}

function told(line: string): number {
  process.stdout.write(`${line}\n`)
  return exitCodes.done
}
