import { crc32c } from '@node-rs/crc32'

/** CRC32C as a `google.protobuf.Int64Value`. */
export function checksumOf(bytes: Uint8Array | string): { value: number } {
  return { value: crc32c(bytes) }
}

/** Whether bytes are those that a checksum was made of; without a checksum they are not known to be. */
export function hasChecksum(bytes: Uint8Array | string, checksum: unknown): boolean {
  return checksum !== undefined && checksum !== null && String(checksum) === String(crc32c(bytes))
}
