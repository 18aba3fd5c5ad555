import { isUtf8 } from 'node:buffer'
import { secretNotText, secretTooLarge } from './errors.ts'
import { MAX_SECRET_BYTES, type SecretValue } from './secret-manager.ts'

/** For providers that keep bytes: text where the bytes are UTF-8, unchanged, a byte order mark included. */
export function secretValue(bytes: Uint8Array): SecretValue {
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : bytes
}

/** Throws `secret_too_large`. */
export function requireSize(sizeBytes: number, name: string): void {
  if (sizeBytes <= MAX_SECRET_BYTES) return
  throw secretTooLarge(`the secret ${name} is larger than ${MAX_SECRET_BYTES} bytes`)
}

/** Throws `secret_not_text` for bytes that are not UTF-8: as a setting they would be another secret. */
export function textOf(value: SecretValue, name: string): string {
  const text = typeof value === 'string' ? value : secretValue(value)
  if (typeof text === 'string') return text
  throw secretNotText(`the secret ${name} is not UTF-8 text; take it as a file (?target=file)`)
}
