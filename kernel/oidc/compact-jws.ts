/** Does the token present itself as a compact JWS (RFC 7515)? Others are opaque: only who made them can read them. */
export function isCompactJws(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)
}
