import { crc32c } from '@node-rs/crc32'

/** CRC32C (RFC 3720, appendix B.4) as the JSON API writes it: four bytes, the greatest first, in base64. */
export function crc32cInBase64(bytes: Uint8Array): string {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(crc32c(bytes))
  return four.toString('base64')
}

/** CRC32C as a `google.protobuf.Int64Value`. */
export function crc32cValue(bytes: Uint8Array): { value: string } {
  return { value: String(crc32c(bytes)) }
}

export function withFirstBitFlipped(bytes: Uint8Array): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[0] = (flipped[0] ?? 0) ^ 1
  return flipped
}
