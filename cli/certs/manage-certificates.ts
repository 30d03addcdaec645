import { isIP } from 'node:net'
import type { X509Certificate } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import { authorityNames } from './certs-folder.ts'
import type { CertsFolder } from './certs-folder.ts'
import { makeAuthority, signCertificate } from './sign-certificate.ts'

const hourMs = 3_600_000

/** Makes the authority of a deployment. Rejects with BAD_OPTION when there is one: what it signed would be worth nothing. */
export async function initAuthority(folder: CertsFolder, days: number, wallMs: number): Promise<void> {
  await folder.create()
  if ((await folder.pair(authorityNames.current)) !== undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      `there is an authority in ${folder.path}; replace it with: ennead certs rotate-ca --step introduce`,
    )
  }
  const authority = await makeAuthority(days, wallMs)
  await folder.writePair(authorityNames.current, authority)
  await folder.writeTrusted([authority.certificate])
}

export interface IssueOptions {
  readonly holder: string
  readonly hosts: readonly string[]
  readonly hours: number
  readonly wallMs: number
}

/** Writes a certificate for `holder`, in the place of the one it had. Rejects with BAD_OPTION. */
export async function issueCertificate(folder: CertsFolder, options: IssueOptions): Promise<void> {
  const { holder, hosts } = options
  const reserved: readonly string[] = Object.values(authorityNames)
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(holder) || reserved.includes(holder)) {
    throw new EnneadError(
      'BAD_OPTION',
      `${JSON.stringify(holder)} cannot be the name of a holder; it must be like "db", and none of ${reserved.join(', ')}`,
    )
  }
  const wrong = hosts.find(host => isIP(host) === 0 && !/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(host))
  if (wrong !== undefined) {
    throw new EnneadError('BAD_OPTION', `--host: ${JSON.stringify(wrong)} is no host name and no IP address`)
  }
  await folder.writePair(holder, await signCertificate(await folder.authority(), options))
}

export interface RenewOptions {
  /** Empty: all. */
  readonly holders: readonly string[]
  /** Also those that have more than half of their life before them. */
  readonly early: boolean
  readonly wallMs: number
}

/**
 * Writes new certificates, with the hosts and the life of the ones before, for those that have lived half of it. Answers
 * whose. Rejects with BAD_OPTION for a holder that has none.
 */
export async function renewCertificates(
  folder: CertsFolder,
  { holders, early, wallMs }: RenewOptions,
): Promise<readonly string[]> {
  const issued = await folder.issued()
  const unknown = holders.find(holder => !issued.has(holder))
  if (unknown !== undefined) {
    throw new EnneadError('BAD_OPTION', `"${unknown}" has no certificate in ${folder.path}; issue one first`)
  }
  const due = [...issued].filter(([holder, certificate]) => {
    if (holders.length > 0 && !holders.includes(holder)) return false
    const { validFromDate, validToDate } = certificate
    return early || wallMs >= (validFromDate.getTime() + validToDate.getTime()) / 2
  })
  for (const [holder, certificate] of due) {
    const { validFromDate, validToDate } = certificate
    const hours = Math.max(1, Math.floor((validToDate.getTime() - validFromDate.getTime()) / hourMs))
    await issueCertificate(folder, { holder, hosts: hostsOf(certificate), hours, wallMs })
  }
  return due.map(([holder]) => holder)
}

/** Names and addresses that a certificate is for. */
export function hostsOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '').split(', ').flatMap(name => {
    const [, host] = /^(?:DNS|IP Address):(.+)$/.exec(name) ?? []
    return host === undefined ? [] : [host]
  })
}
