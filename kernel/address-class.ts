import { BlockList, isIP } from 'node:net'

/**
 * Where an address leads: `public`, anywhere on the internet · `private`, the operator's own networks · `loopback`, this machine ·
 * `local`, this link, where clouds keep the metadata and credentials of machines · `none`, no single machine.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'local' | 'none'

/** By the special-purpose registries of IANA (RFC 6890); the first that has an address names its class. */
const blocks: readonly (readonly [AddressClass, string])[] = [
  // The metadata of AWS, Oracle and Alibaba also has addresses outside of the link.
  ['local', '169.254.0.0/16 fe80::/10 fd00:ec2::/32 192.0.0.192/32 100.100.100.200/32'],
  ['loopback', '127.0.0.0/8 ::1/128'],
  ['private', '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fec0::/10'],
  ['none', '0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24'],
  ['none', '203.0.113.0/24 224.0.0.0/4 240.0.0.0/4'],
  ['none', '::/128 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 ff00::/8'],
]

const lists = blocks.map(([name, nets]) => {
  const list = new BlockList()
  for (const net of nets.split(' ')) {
    const [address = '', prefix] = net.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return { name, list }
})

/** The class of an IP address. What is no address is `none`. IPv6 that only carries an IPv4 address is what that one is. */
export function addressClass(address: string): AddressClass {
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return 'none'
  const inner = family === 6 ? carriedAddress(address) : undefined
  if (inner !== undefined) return addressClass(inner)
  const found = lists.find(({ list }) => list.check(address, family === 6 ? 'ipv6' : 'ipv4'))
  return found?.name ?? 'public'
}

/** Of IPv4-mapped (RFC 4291), IPv4-compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses. */
function carriedAddress(address: string): string | undefined {
  const groups = groupsOf(address)
  const [first, second, third] = groups
  const startsWithZeros = (count: number): boolean => groups.slice(0, count).every(group => group === 0)
  if (startsWithZeros(5) && groups[5] === 0xffff) return dotted(groups[6], groups[7])
  // `::` and `::1` are addresses of their own.
  if (startsWithZeros(6) && (groups[6] !== 0 || (groups[7] ?? 0) > 1)) return dotted(groups[6], groups[7])
  if (first === 0x64 && second === 0xff9b && groups.slice(2, 6).every(group => group === 0))
    return dotted(groups[6], groups[7])
  return first === 0x2002 ? dotted(second, third) : undefined
}

/** The eight groups of an IPv6 address, whose spelling URL makes one. */
export function groupsOf(address: string): readonly number[] {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [left = '', right] = plain.split('::')
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [before, after] = [numbers(left), numbers(right ?? '')]
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
