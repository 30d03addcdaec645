import { certificateHealth } from '../../kernel/tls/certificate-health.ts'
import { authorityNames } from './certs-folder.ts'
import type { CertsFolder } from './certs-folder.ts'
import { hostsOf } from './manage-certificates.ts'
import type { X509Certificate } from 'node:crypto'

export interface CertsReport {
  readonly text: string
  /** Nothing runs out or has run out. */
  readonly good: boolean
}

/** A table of what there is: name, state, end, who has signed it, hosts. */
export async function certsReport(folder: CertsFolder, wallMs: number): Promise<CertsReport> {
  await folder.authority()
  const trusted = await folder.trusted()
  const rows: string[][] = []
  const add = (name: string, certificate: X509Certificate, detail: string): void => {
    const { validFromDate, validToDate } = certificate
    const own = {
      certificate: '',
      key: '',
      name,
      validFrom: validFromDate.getTime(),
      validTo: validToDate.getTime(),
    }
    const { state, expiresAt } = certificateHealth(own, wallMs)
    rows.push([name, state, expiresAt, detail])
  }
  for (const authority of trusted) add(authorityNames.trusted, authority, commonName(authority.subject))
  for (const [holder, certificate] of await folder.issued()) {
    const signer = trusted.find(authority => certificate.verify(authority.publicKey))
    const by =
      signer === undefined ? 'of an authority that is not in ca.crt' : `of ${commonName(signer.subject)}`
    add(holder, certificate, `${by}, for ${hostsOf(certificate).join(', ')}`)
  }
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const lines = rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return { text: `${lines.join('\n')}\n`, good: rows.every(([, state]) => state === 'valid') }
}

function commonName(subject: string): string {
  return /^CN=(.+)$/m.exec(subject)?.[1] ?? subject
}
