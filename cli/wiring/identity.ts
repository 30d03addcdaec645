import type { Identify } from '../../gateway/admission/identity.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { HopSigner } from '../../kernel/hop.ts'
import { RemoteIdentity } from '../../subgraphs/auth/remote.ts'
import type { Lifecycle } from '../lifecycle.ts'

/** Asks the auth subgraph at `url` who a token is; undefined without one: tokens are the subgraphs' affair then. */
export function identifyBy(
  url: string | undefined,
  signer: HopSigner | undefined,
  lifecycle: Lifecycle,
): Identify | undefined {
  if (url === undefined) return undefined
  if (signer === undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      '--identity-url needs --hop-secret or --hop-secret-file: auth answers no strangers',
    )
  }
  const identity = new RemoteIdentity({ url, signer })
  lifecycle.add('identity', () => identity.close())
  return (token, signal) => identity.identify(token, signal)
}
