import { randomBytes } from 'node:crypto'
import { idPrefixes } from '../../../kernel/global-id.ts'

/** What somebody who is invited is sent: `ennead_invite_<id>_<secret>`. */
export interface InvitationToken {
  /** Global id of the invitation. */
  readonly id: string
  /** 256 bits; the stores hold its hash. */
  readonly secret: string
}

const form = /^ennead_invite_([0-9a-z]{26})_([\w-]{43})$/
const length = 'ennead_invite__'.length + 26 + 43

export function newInvitationSecret(): string {
  return randomBytes(32).toString('base64url')
}

export function writeInvitationToken({ id, secret }: InvitationToken): string {
  return `ennead_invite_${id.slice(idPrefixes.Invitation.length + 1)}_${secret}`
}

/** The parts of an invitation's token, or undefined when it does not have its form. */
export function readInvitationToken(text: string): InvitationToken | undefined {
  const [, id, secret] = (text.length === length && form.exec(text)) || []
  if (id === undefined || secret === undefined) return undefined
  return { id: `${idPrefixes.Invitation}_${id}`, secret }
}
