import {
  type KeyObject,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSign,
  generateKeyPairSync,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Part = Readonly<Record<string, unknown>>

/** What somebody who wants in may hold: a good token, our public key, a key of their own; and what only we hold. */
export interface Forge {
  readonly header: Part
  readonly payload: Part
  /** Signs with our own private key: what our own verifier must refuse by content alone. */
  readonly ours: (header: Part, payload: Part) => string
  readonly theirs: (header: Part, payload: Part) => string
  readonly publicPem: string
}

/** Takes the good token of a domain apart, and its signing key out of its folder. */
export function forgeOf(goodToken: string, folder: string): Forge {
  const [header = '', payload = ''] = goodToken.split('.')
  const file: { keys: { privateKey: string }[] } = JSON.parse(
    readFileSync(join(folder, 'keys', 'signing-keys.json'), 'utf8'),
  )
  const ours = createPrivateKey(file.keys[0]?.privateKey ?? '')
  const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    header: readPart(header),
    payload: readPart(payload),
    ours: (head, body) => sign(head, body, ours),
    theirs: (head, body) => sign(head, body, theirs.privateKey),
    publicPem: createPublicKey(ours).export({ format: 'pem', type: 'spki' }).toString(),
  }
}

/** Every token of ATTACKS.md row 18, by what is wrong with it. */
export function forgedTokens(forge: Forge, now: number): ReadonlyMap<string, string> {
  const { header, payload, ours, theirs, publicPem } = forge
  const { exp: _exp, ...withoutExp } = payload
  const hmac = (alg: string): string => {
    const text = `${write({ ...header, alg })}.${write(payload)}`
    return `${text}.${createHmac('sha256', publicPem).update(text).digest('base64url')}`
  }
  const jwk = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }
  return new Map([
    ['no algorithm', `${write({ ...header, alg: 'none' })}.${write(payload)}.`],
    ['no algorithm, in capitals', `${write({ ...header, alg: 'nOnE' })}.${write(payload)}.AAAA`],
    ['the public key as an HMAC secret', hmac('HS256')],
    ['the public key as an HMAC secret under our algorithm', hmac('ES256')],
    ['an RSA algorithm', theirs({ ...header, alg: 'RS256' }, payload)],
    ['a key of their own', theirs(header, payload)],
    ['an unknown critical header', ours({ ...header, crit: ['exp2'], exp2: 1 }, payload)],
    ['an empty list of critical headers', ours({ ...header, crit: [] }, payload)],
    ['b64 false', ours({ ...header, crit: ['b64'], b64: false }, payload)],
    ['a kid that is a path', theirs({ ...header, kid: '../../../../dev/null' }, payload)],
    ['a kid that is SQL', theirs({ ...header, kid: "x' UNION SELECT 'key" }, payload)],
    ['a kid that is a URL', theirs({ ...header, kid: 'http://127.0.0.1:1/key' }, payload)],
    ['a kid of the language', ours({ ...header, kid: '__proto__' }, payload)],
    ['a kid that is a list', ours({ ...header, kid: [header['kid']] }, payload)],
    ['no kid', ours({ alg: 'ES256', typ: 'at+jwt' }, payload)],
    ['a jku', theirs({ ...header, jku: 'http://127.0.0.1:1/jwks' }, payload)],
    ['a jku on a token of ours', ours({ ...header, jku: 'http://127.0.0.1:1/jwks' }, payload)],
    ['an x5u', theirs({ ...header, x5u: 'http://127.0.0.1:1/cert' }, payload)],
    ['an embedded key', theirs({ ...header, jwk }, payload)],
    ['another audience', ours(header, { ...payload, aud: 'urn:other' })],
    ['no audience', ours(header, { ...payload, aud: undefined })],
    ['another issuer', ours(header, { ...payload, iss: 'https://evil.example' })],
    ['no issuer', ours(header, { ...payload, iss: undefined })],
    ['another type', ours({ ...header, typ: 'JWT' }, payload)],
    ['the type of a logout token', ours({ ...header, typ: 'logout+jwt' }, payload)],
    ['a beginning in the future', ours(header, { ...payload, nbf: now + 600 })],
    ['a beginning that is a text', ours(header, { ...payload, nbf: 'now' })],
    ['no end', ours(header, withoutExp)],
    ['an end that is a text', ours(header, { ...payload, exp: String(payload['exp']) })],
    ['an end that is a list', ours(header, { ...payload, exp: [payload['exp']] })],
    ['an end in the past', ours(header, { ...payload, exp: now - 1 })],
    ['20 KB', ours(header, { ...payload, filler: 'x'.repeat(20_000) })],
    ['another subject, with the old signature', swapPayload(forge, { ...payload, sub: 'user_x' })],
    ['a role that does not exist', ours(header, { ...payload, role: 'ROOT' })],
    ['two dots too many', `${ours(header, payload)}.x.y`],
    ['no signature', `${write(header)}.${write(payload)}.`],
    ['text', 'hello'],
    ['nothing', ''],
    ['dots', '..'],
    ['a header that is a list', `${Buffer.from('[]').toString('base64url')}.${write(payload)}.AAAA`],
    ['a payload that is null', `${write(header)}.${Buffer.from('null').toString('base64url')}.AAAA`],
  ])
}

function swapPayload({ header, payload, ours }: Forge, other: Part): string {
  const [head, , signature] = ours(header, payload).split('.')
  return `${head}.${write(other)}.${signature}`
}

function sign(header: Part, payload: Part, key: KeyObject): string {
  const text = `${write(header)}.${write(payload)}`
  const signature = createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

function write(part: Part): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function readPart(part: string): Part {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Part // A part of a token of ours is an object.
}
