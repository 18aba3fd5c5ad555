/** How many bytes an exposure key has. */
export const KEY_LENGTH = 16

/** The random bytes a phone makes each day (TEK). */
export type ExposureKey = Uint8Array

/** Byte order: the order in which keys are locked, inserted and compared everywhere. */
export function compareKeys(a: ExposureKey, b: ExposureKey): number {
  return Buffer.compare(a, b)
}

/** Standard padded base64, 24 characters. */
export function keyToBase64(key: ExposureKey): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('base64')
}
