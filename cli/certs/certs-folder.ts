import type { X509Certificate } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EnneadError } from '../../kernel/errors.ts'
import { parseAll } from '../../kernel/tls/tls-material.ts'
import type { CertificatePair } from './sign-certificate.ts'

/** What authorities are called; no holder may be. */
export const authorityNames = { current: 'authority', next: 'next-authority', trusted: 'ca' } as const

/**
 * A folder of `ennead certs`: `authority.crt` and `.key`, which never leave this machine; `ca.crt`, which every process is
 * given; and `NAME.crt` and `NAME.key` for each holder. All files are their owner's only (0600).
 */
export class CertsFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  async create(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw new EnneadError('OUTPUT_UNWRITABLE', `the folder ${this.path} cannot be made`, { cause })
    })
  }

  /** The file that is shown as `NAME.crt`. */
  file(name: string, kind: 'crt' | 'key'): string {
    return join(this.path, `${name}.${kind}`)
  }

  /** Undefined: there is none. Rejects with INPUT_UNREADABLE when one of both files cannot be read. */
  async pair(name: string): Promise<CertificatePair | undefined> {
    const certificate = await readText(this.file(name, 'crt'))
    const key = await readText(this.file(name, 'key'))
    if (certificate === undefined && key === undefined) return undefined
    if (certificate !== undefined && key !== undefined) return { certificate, key }
    const missing = this.file(name, certificate === undefined ? 'crt' : 'key')
    throw new EnneadError('INPUT_UNREADABLE', `${missing} is missing; restore it, or remove its other half`)
  }

  /** The authority that signs. Rejects with INPUT_UNREADABLE when there is none. */
  async authority(): Promise<CertificatePair> {
    const found = await this.pair(authorityNames.current)
    if (found !== undefined) return found
    throw new EnneadError(
      'INPUT_UNREADABLE',
      `there is no authority in ${this.path}; make one: ennead certs init --folder ${this.path}`,
    )
  }

  /** Every holder's certificate, by name. Rejects with BAD_OPTION or INPUT_UNREADABLE naming the file. */
  async issued(): Promise<ReadonlyMap<string, X509Certificate>> {
    const reserved = new Set<string>(Object.values(authorityNames))
    const files = await readdir(this.path).catch((cause: unknown) => {
      throw new EnneadError('INPUT_UNREADABLE', `the folder ${this.path} cannot be read`, { cause })
    })
    const names = files.filter(file => file.endsWith('.crt')).map(file => file.slice(0, -'.crt'.length))
    const found = new Map<string, X509Certificate>()
    for (const name of names.toSorted()) {
      if (reserved.has(name)) continue
      const file = this.file(name, 'crt')
      const [leaf] = parseAll((await readText(file)) ?? '', file)
      found.set(name, leaf)
    }
    return found
  }

  /** Authorities that everybody is to believe. */
  async trusted(): Promise<readonly X509Certificate[]> {
    const file = this.file(authorityNames.trusted, 'crt')
    return parseAll((await readText(file)) ?? '', file)
  }

  async writeTrusted(certificates: readonly string[]): Promise<void> {
    await write(this.file(authorityNames.trusted, 'crt'), certificates.join(''))
  }

  /** Both files appear at once, as far as a file system can do that; processes that follow them look twice. */
  async writePair(name: string, { certificate, key }: CertificatePair): Promise<void> {
    await write(this.file(name, 'key'), key)
    await write(this.file(name, 'crt'), certificate)
  }

  async removePair(name: string): Promise<void> {
    await rm(this.file(name, 'key'), { force: true })
    await rm(this.file(name, 'crt'), { force: true })
  }
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw new EnneadError('INPUT_UNREADABLE', `${file} cannot be read (${cause.code})`, { cause })
  })
}

/** Nobody ever reads half a file. */
async function write(file: string, text: string): Promise<void> {
  const half = `${file}.new`
  try {
    await writeFile(half, text, { mode: 0o600 })
    await rename(half, file)
  } catch (cause) {
    throw new EnneadError('OUTPUT_UNWRITABLE', `${file} cannot be written`, { cause })
  }
}
