import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CertsFolder } from '../../cli/certs/certs-folder.ts'
import { initAuthority, issueCertificate } from '../../cli/certs/manage-certificates.ts'
import { silentLog, type Log } from '../../kernel/log.ts'
import { FollowedTls } from '../../kernel/tls/followed-tls.ts'
import type { TlsFiles } from '../../kernel/tls/tls-material.ts'

/** A deployment's certificates, made as `ennead certs` makes them. */
export interface TestCertificates extends AsyncDisposable {
  readonly folder: CertsFolder
  issue(
    holder: string,
    changes?: { readonly hosts?: readonly string[]; readonly hours?: number; readonly wallMs?: number },
  ): Promise<void>
  /** What a process of this deployment is started with. */
  filesOf(holder: string): TlsFiles
  /** Read again every 10 ms. */
  follow(files: TlsFiles, log?: Log): Promise<FollowedTls>
}

/** An authority of its own in a folder that is gone after the test. */
export async function testCertificates(): Promise<TestCertificates> {
  const path = await mkdtemp(join(tmpdir(), 'ennead-certs-'))
  const folder = new CertsFolder(path)
  await initAuthority(folder, 365, Date.now() - 72 * 3_600_000)
  const opened: FollowedTls[] = []
  return {
    folder,
    issue: (holder, changes) =>
      issueCertificate(folder, {
        holder,
        hosts: ['localhost', '127.0.0.1'],
        hours: 24,
        wallMs: Date.now(),
        ...changes,
      }),
    filesOf: holder => ({
      ca: folder.file('ca', 'crt'),
      certificate: folder.file(holder, 'crt'),
      key: folder.file(holder, 'key'),
    }),
    async follow(files, log = silentLog) {
      const tls = await FollowedTls.open(files, { log, everyMs: 10 })
      opened.push(tls)
      return tls
    },
    async [Symbol.asyncDispose]() {
      for (const tls of opened) tls.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}
