import { crc32c } from '@node-rs/crc32'

/** CRC32C as Cloud Storage writes it: https://cloud.google.com/storage/docs/data-validation */
export function checksumOf(contents: Uint8Array): string {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(crc32c(contents))
  return four.toString('base64')
}
