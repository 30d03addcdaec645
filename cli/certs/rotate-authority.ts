import { X509Certificate } from 'node:crypto'
import { EnneadError, unreachable } from '../../kernel/errors.ts'
import { authorityNames } from './certs-folder.ts'
import type { CertsFolder } from './certs-folder.ts'
import { renewCertificates } from './manage-certificates.ts'
import { makeAuthority } from './sign-certificate.ts'

/** In this order, each once every process has taken in what the one before has written. */
export const rotationSteps = ['introduce', 'switch', 'retire'] as const
export type RotationStep = (typeof rotationSteps)[number]

/**
 * One step of replacing the authority under running processes: `introduce` has everybody believe the next one as well,
 * `switch` signs with it and renews all certificates, `retire` has nobody believe the old one. Answers what is to be done
 * before the next one. Rejects with BAD_OPTION when it is not its turn.
 */
export async function rotateAuthority(
  folder: CertsFolder,
  step: RotationStep,
  { days, wallMs }: { readonly days: number; readonly wallMs: number },
): Promise<string> {
  const current = await folder.authority()
  const next = await folder.pair(authorityNames.next)
  switch (step) {
    case 'introduce': {
      if (next !== undefined) throw notNow('the next authority is there', 'switch')
      const made = await makeAuthority(days, wallMs)
      await folder.writePair(authorityNames.next, made)
      await folder.writeTrusted([current.certificate, made.certificate])
      return 'bring ca.crt to every machine, wait until each process has logged tls.certificate-changed, then --step switch'
    }
    case 'switch': {
      if (next === undefined) throw notNow('there is no next authority', 'introduce')
      await folder.writePair(authorityNames.current, next)
      await folder.removePair(authorityNames.next)
      const renewed = await renewCertificates(folder, { holders: [], early: true, wallMs })
      return `bring the certificates of ${renewed.join(', ')} to their machines, wait until each process has logged tls.certificate-changed, then --step retire`
    }
    case 'retire': {
      if (next !== undefined) throw notNow('the next authority does not sign yet', 'switch')
      const { publicKey } = new X509Certificate(current.certificate)
      const old = [...(await folder.issued())].filter(([, certificate]) => !certificate.verify(publicKey))
      if (old.length > 0) {
        throw new EnneadError(
          'BAD_OPTION',
          `the certificates of ${old.map(([holder]) => holder).join(', ')} are of the old authority; ennead certs renew --early`,
        )
      }
      await folder.writeTrusted([current.certificate])
      return 'bring ca.crt to every machine'
    }
    default:
      return unreachable(step)
  }
}

function notNow(why: string, step: RotationStep): EnneadError {
  return new EnneadError('BAD_OPTION', `${why}; the step to take is: ennead certs rotate-ca --step ${step}`)
}
