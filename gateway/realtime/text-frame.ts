/** The header of an unfragmented, unmasked text frame of so many bytes (RFC 6455, section 5.2). */
export function frameHeader(bytes: number): Buffer {
  if (bytes < 126) return Buffer.from([0x81, bytes])
  if (bytes < 65_536) return Buffer.from([0x81, 126, bytes >> 8, bytes & 0xff])
  const header = Buffer.alloc(10)
  header[0] = 0x81
  header[1] = 127
  header.writeUInt32BE(Math.floor(bytes / 2 ** 32), 2)
  header.writeUInt32BE(bytes % 2 ** 32, 6)
  return header
}
