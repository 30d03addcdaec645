/**
 * The beginning of an unfragmented, unmasked text frame (RFC 6455, section 5.2): its header and `head`, to be followed by
 * `restBytes` bytes. With `rest`, the whole frame, with a copy of it.
 */
export function textFrame(head: Buffer, restBytes: number, rest?: Buffer): Buffer {
  const length = head.length + restBytes
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerBytes + head.length + (rest?.length ?? 0))
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
  rest?.copy(frame, headerBytes + head.length)
  return frame
}
