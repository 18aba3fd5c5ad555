import { defineError } from '@ens/errors'

export const keyNotFound = defineError(
  'not-found',
  'key_not_found',
  'The key manager holds no such key or key version; it may have been destroyed.',
)

export const invalidKeyId = defineError(
  'invalid',
  'invalid_key_id',
  'A key id has a form that this key manager does not use, or tries to leave its folder.',
)

export const keyTypeMismatch = defineError(
  'conflict',
  'key_type_mismatch',
  'The key is for encryption where one for signing is needed, or the other way round.',
)

export const keyMalformed = defineError(
  'internal',
  'key_malformed',
  'What is stored as a key is not one: not P-256, not 32 bytes, or its metadata is damaged.',
)

export const keyPermissionsTooOpen = defineError(
  'internal',
  'key_permissions_too_open',
  'A key file or folder lets others than its owner in, so that the key may have been copied.',
)

export const keyAccessDenied = defineError(
  'internal',
  'key_access_denied',
  'The key manager refuses this process the key; its grants or file owner need a look.',
)

export const decryptionFailed = defineError(
  'invalid',
  'decryption_failed',
  'The ciphertext was changed, or was made with another key or other associated data.',
)

export const keyOperationUnsupported = defineError(
  'invalid',
  'key_operation_unsupported',
  'The chosen key manager cannot do this; its capabilities are listed with the providers.',
)

export const noKeyManager = defineError(
  'internal',
  'no_key_manager',
  'KEY_MANAGER is NOOP, and the service came to need a key.',
)

export const keyManagerUnavailable = defineError(
  'unavailable',
  'key_manager_unavailable',
  'The key manager did not answer, or not before the deadline.',
)

export const invalidPublicKey = defineError(
  'invalid',
  'invalid_public_key',
  'A public key is not PEM of an ECDSA key (SubjectPublicKeyInfo, BEGIN PUBLIC KEY).',
)

export const invalidSignatureEncoding = defineError(
  'invalid',
  'invalid_signature_encoding',
  'An ECDSA signature is neither r and s of equal length nor their DER sequence.',
)

export const invalidDigest = defineError(
  'invalid',
  'invalid_digest',
  'What was given to sign is not a SHA-256 digest of 32 bytes.',
)
