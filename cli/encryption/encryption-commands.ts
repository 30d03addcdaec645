import { EnneadError } from '../../kernel/errors.ts'
import type { DbDomain } from '../../subgraphs/db/domain.ts'
import {
  type EncryptedKind,
  encryptedKinds,
  encryptionPage,
  renewPage,
} from '../../subgraphs/db/encryption/renew.ts'
import type { ControlHandlers } from '../control.ts'

/** How the process that has the db domain encrypts. */
export interface EncryptionFacts {
  readonly fields: readonly string[]
  /** Ids of its keys, the one it encrypts with first. */
  readonly keys: readonly string[]
}

type Input = Readonly<Record<string, unknown>>

/** What `ennead encryption` asks of the process that has the db domain. */
export function encryptionCommands(db: DbDomain): ControlHandlers {
  const { stored, writer, vault, clock } = db
  return new Map<string, (input: Input) => Promise<unknown>>([
    [
      'encryption/facts',
      async (): Promise<EncryptionFacts> => {
        // A key that was put into the file just now counts.
        await vault.keys?.look()
        return { fields: vault.fields, keys: vault.keys?.ids ?? [] }
      },
    ],
    [
      'encryption/page',
      ({ kind, afterId, renew }) =>
        renew === true
          ? renewPage({ stored, writer, vault, clock, random: Math.random }, kindIn(kind), String(afterId))
          : encryptionPage({ stored, vault }, kindIn(kind), String(afterId)),
    ],
  ])
}

function kindIn(given: unknown): EncryptedKind {
  const found = encryptedKinds.find(kind => kind === given)
  if (found !== undefined) return found
  throw new EnneadError(
    'BAD_OPTION',
    `kind must be one of ${encryptedKinds.join(', ')}, got ${JSON.stringify(given)}`,
  )
}
