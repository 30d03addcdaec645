/**
 * The beginning of an unfragmented, unmasked text frame (RFC 6455, section 5.2): its header and `head`, to be followed by
 * `restBytes` bytes that other sockets are sent as well.
 */
export function textFrame(head: Buffer, restBytes: number): Buffer {
  const length = head.length + restBytes
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerBytes + head.length)
  frame[0] = 0x81
  if (headerBytes === 2) frame[1] = length
  else if (headerBytes === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2)
    frame.writeUInt32BE(length % 2 ** 32, 6)
  }
  head.copy(frame, headerBytes)
  return frame
}
