import { defineError } from '@ens/errors'

export const archiveUnreadable = defineError(
  'invalid',
  'export_archive_unreadable',
  'The archive is not a zip that holds exactly one export.bin and one export.sig.',
)

export const archiveTooLarge = defineError(
  'invalid',
  'export_archive_too_large',
  'The archive, or what it unpacks to, is larger than the reader allows.',
)

export const exportMalformed = defineError(
  'invalid',
  'export_file_malformed',
  'An export.bin or export.sig does not follow the export file format.',
)

export const exportNotVerified = defineError(
  'invalid',
  'export_signature_invalid',
  'None of the signatures of an archive is valid under the public keys that are known for it.',
)

export const exportWithoutSigner = defineError(
  'unavailable',
  'export_signer_missing',
  'An export has no live signing key, so nothing can be published for it.',
)

export const exportKeyTooLong = defineError(
  'internal',
  'export_key_too_long',
  'A key for an export file is longer than an exposure key can be.',
)

export const signatureMissing = defineError(
  'unavailable',
  'export_signature_missing',
  'A key manager answered without a signature, so the export cannot be published.',
)

export const tooManySigners = defineError(
  'invalid',
  'export_too_many_signers',
  'An export has more signing keys than the file format allows signatures.',
)
