import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { EnneadError } from '../errors.ts'

/** Where PEM files are. What is undefined is not given. */
export interface TlsFiles {
  /** Authorities that the other side's certificate must come from. Default: those that Node trusts. */
  readonly ca?: string | undefined
  /** What this process shows of itself; goes with `key`. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

/** PEM as Node takes it, checked. */
export interface TlsMaterial {
  readonly ca: string | undefined
  /** What this process shows of itself, with the key that belongs to it. */
  readonly own: OwnCertificate | undefined
}

export interface OwnCertificate {
  readonly certificate: string
  readonly key: string
  /** What it is called in `spiffe://ennead/NAME`, else its common name. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly validFrom: number
  /** Milliseconds since 1970. */
  readonly validTo: number
}

/** How a certificate of a deployment names its holder: a URI among its alternative names. */
export const holderUriPrefix = 'spiffe://ennead/'

/**
 * Reads and checks what `files` names: certificates can be parsed, and the key belongs to the first of them. Rejects with
 * BAD_OPTION naming the file.
 */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const { ca, certificate, key } = files
  if ((certificate === undefined) !== (key === undefined)) {
    const [given, missing] = certificate === undefined ? [key, 'certificate'] : [certificate, 'key']
    throw new EnneadError('BAD_OPTION', `${given} is given without its ${missing}; TLS needs both`)
  }
  const authorities = ca === undefined ? undefined : await readText(ca)
  if (ca !== undefined && authorities !== undefined) parseAll(authorities, ca)
  if (certificate === undefined || key === undefined) return { ca: authorities, own: undefined }
  const [shown, secret] = await Promise.all([readText(certificate), readText(key)])
  const [leaf] = parseAll(shown, certificate)
  const privateKey = attempt(`${key} holds no private key in PEM`, () => createPrivateKey(secret))
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new EnneadError('BAD_OPTION', `${key} is not the key of the certificate in ${certificate}`)
  }
  return {
    ca: authorities,
    own: {
      certificate: shown,
      key: secret,
      name: holderOf(leaf.subjectAltName) ?? commonNameOf(leaf) ?? '',
      validFrom: leaf.validFromDate.getTime(),
      validTo: leaf.validToDate.getTime(),
    },
  }
}

/** Certificates of a PEM file in their order. Throws BAD_OPTION naming `file` when there are none, or one cannot be read. */
export function parseAll(pem: string, file: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const [first, ...others] = blocks.map(block =>
    attempt(`${file} holds a certificate that cannot be read`, () => new X509Certificate(block)),
  )
  if (first === undefined) throw new EnneadError('BAD_OPTION', `${file} holds no certificate in PEM`)
  return [first, ...others]
}

/** The holder in alternative names as Node writes them (`DNS:db, URI:spiffe://ennead/db`); undefined: none, or several. */
export function holderOf(alternativeNames: string | undefined): string | undefined {
  const prefix = `URI:${holderUriPrefix}`
  const names = (alternativeNames ?? '').split(', ').filter(name => name.startsWith(prefix))
  const [only, ...more] = names.map(name => name.slice(prefix.length))
  // Node puts a name into quotes when it could be taken for several; such a one begins with `URI:"` and is not ours.
  return more.length === 0 && only !== undefined && /^[\w.-]+$/.test(only) ? only : undefined
}

function commonNameOf({ subject }: X509Certificate): string | undefined {
  return /^CN=(.+)$/m.exec(subject)?.[1]
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new EnneadError('BAD_OPTION', `${file} cannot be read`, { cause })
  })
}

function attempt<T>(message: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw new EnneadError('BAD_OPTION', message, { cause })
  }
}
