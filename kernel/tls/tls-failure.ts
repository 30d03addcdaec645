/** What may be wrong between two sides of TLS, by the codes that Node and OpenSSL give, in words for an operator. */
const reasons: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired; renew it (ennead certs renew)'],
  [/^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet; compare the clocks of both machines'],
  [
    /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    'its certificate is of an authority that is not trusted here',
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for other names'],
  [/^INVALID_PURPOSE$/, 'its certificate is not for servers'],
  [
    /ALERT_(CERTIFICATE_(REQUIRED|EXPIRED|REVOKED|UNKNOWN)|UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/,
    'it does not trust the certificate of this process, or wants one',
  ],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/, 'it speaks no version of TLS that is allowed'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, 'it does not speak TLS; is its URL http?'],
  [/^ERR_(SSL|TLS)_|^EPROTO$/, 'TLS with it failed'],
]

/** Why `failure`, or what caused it, is one of TLS; undefined: it is not. */
export function tlsFailureReason(failure: unknown): string | undefined {
  const seen = new Set<unknown>()
  for (let each: unknown = failure; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each)
    const code: unknown = 'code' in each ? each.code : undefined
    if (typeof code !== 'string') continue
    const [, reason] = reasons.find(([pattern]) => pattern.test(code)) ?? []
    if (reason !== undefined) return reason
  }
  return undefined
}
