import 'reflect-metadata'
import { isIP } from 'node:net'
import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { EnneadError } from '../../kernel/errors.ts'
import { holderUriPrefix } from '../../kernel/tls/tls-material.ts'

/** A certificate and its key, as PEM. */
export interface CertificatePair {
  readonly certificate: string
  readonly key: string
}

/** P-256: every TLS stack and proxy knows it, which Ed25519 cannot be said of. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** Machines whose clocks are behind must not refuse a new certificate. */
const backdatedMs = 5 * 60_000
const hourMs = 3_600_000

/** A new authority, valid for `days` from `wallMs` on. It signs certificates of machines, and no other authorities. */
export async function makeAuthority(days: number, wallMs: number): Promise<CertificatePair> {
  const keys = await makeKeys()
  const serialNumber = newSerial()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // Two authorities that are trusted at once must have different names.
    name: [{ CN: [`Ennead authority ${serialNumber.slice(0, 8)}`] }],
    notBefore: new Date(wallMs - backdatedMs),
    notAfter: new Date(wallMs + days * 24 * hourMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: pem(certificate), key: await exportedKey(keys.privateKey) }
}

export interface CertificateOptions {
  /** Whose it is, e.g. `db`. */
  readonly holder: string
  /** Names and addresses it is reached by. */
  readonly hosts: readonly string[]
  readonly hours: number
  /** Milliseconds since 1970. */
  readonly wallMs: number
}

/** A certificate with a new key, for servers and clients alike. Throws BAD_OPTION when the authority cannot be used. */
export async function signCertificate(
  authority: CertificatePair,
  { holder, hosts, hours, wallMs }: CertificateOptions,
): Promise<CertificatePair> {
  const issuer = new X509Certificate(authority.certificate)
  const signingKey = await importedKey(authority.key)
  const notAfter = new Date(wallMs + hours * hourMs)
  if (notAfter > issuer.notAfter) {
    throw new EnneadError(
      'BAD_OPTION',
      `the authority ends at ${issuer.notAfter.toISOString()}, before a certificate of ${hours} h would; ennead certs rotate-ca --step introduce`,
    )
  }
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [holder] }],
    issuer: issuer.subject,
    notBefore: new Date(wallMs - backdatedMs),
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([
        ...hosts.map(value => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        { type: 'url', value: `${holderUriPrefix}${holder}` },
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificate: pem(certificate), key: await exportedKey(keys.privateKey) }
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** 127 random bits: positive, as RFC 5280 wants it, and never the same twice. */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function exportedKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${PemConverter.encode(bytes, PemConverter.PrivateKeyTag)}\n`
}

async function importedKey(text: string): Promise<webcrypto.CryptoKey> {
  try {
    const [bytes] = PemConverter.decode(text)
    if (bytes === undefined) throw new TypeError('no key in it')
    return await webcrypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
  } catch (cause) {
    throw new EnneadError('BAD_OPTION', 'the key of the authority cannot be read', { cause })
  }
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
