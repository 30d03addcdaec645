import { isIP } from 'node:net'
import { groupsOf } from './address-class.ts'

/** Whom an address is counted for: itself; of IPv6 its /64, since one client has 2⁶⁴ of them. */
export function networkOf(address = 'unknown'): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (isIP(plain) !== 6) return plain
  return `${groupsOf(plain)
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`
}
