import { hasChecksum } from '@ens/google'
import { keyManagerUnavailable } from '../errors.ts'

// https://cloud.google.com/kms/docs/data-integrity-guidelines

/** How the client library gives out a `google.protobuf.Int64Value`. */
type Int64Value = { value?: unknown } | null | undefined

/** Throws `key_manager_unavailable` unless the checksum is that of the bytes. */
export function requireChecksum(bytes: Uint8Array | string, checksum: Int64Value): void {
  if (checksum && hasChecksum(bytes, checksum.value ?? 0)) return
  throw keyManagerUnavailable('the answer of Cloud KMS is not what its checksum says')
}

/** Throws `key_manager_unavailable` unless Cloud KMS says that it has checked what was sent. */
export function requireVerified(...verified: (boolean | null | undefined)[]): void {
  if (verified.every((each) => each === true)) return
  throw keyManagerUnavailable(
    'Cloud KMS did not check what it was sent, which may have changed on the way',
  )
}

/** The bytes of an answer, which the client library may give out as text in base64. */
export function bytesOf(value: Uint8Array | string | null | undefined): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(value ?? [])
}
