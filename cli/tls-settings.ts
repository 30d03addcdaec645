import { list, text } from '../kernel/settings.ts'

/** What a process shows of itself to others of its deployment, and whom it believes; docs/certificates.md. */
export const ownTlsSettings = {
  tlsCa: text('File with the authorities (PEM) whose certificates others must show.', undefined),
  tlsCert: text(
    'File with the certificate (PEM) that this process shows; followed when it changes.',
    undefined,
  ),
  tlsKey: text('File with the key (PEM) of --tls-cert.', undefined),
}

export const doorTlsSettings = {
  ...ownTlsSettings,
  tlsCallers: list(
    'Holders of certificates that may ask. Default: api answers gateway; db gateway and api; auth gateway, api and db.',
  ),
}

/** How a gateway speaks TLS with subgraphs whose URL is https. */
export const subgraphTlsSettings = {
  subgraphCa: list(
    'Files with authorities (PEM) that certificates of subgraphs must come from, instead of those that Node trusts: FILE for all, name=FILE for one.',
  ),
  subgraphCert: list(
    'Files with the certificate (PEM) to show to subgraphs: FILE, name=FILE; followed when they change.',
  ),
  subgraphKey: list('Files with the key (PEM) of that certificate: FILE, name=FILE.'),
  subgraphServerName: list(
    'Names that certificates of subgraphs must have instead of the host of their URL: name=HOST.',
  ),
  subgraphTlsMin: list('Lowest version of TLS: TLSv1.2 or TLSv1.3, name=TLSv1.3. Default: TLSv1.2.'),
}
