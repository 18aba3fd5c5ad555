import { exportMalformed } from './errors.ts'
import {
  present,
  type SignatureInfoFields,
  type SignatureListFields,
  SignatureListMessage,
} from './messages.ts'

/** ECDSA with SHA-256, the only algorithm that this server signs with. */
export const SIGNATURE_ALGORITHM = '1.2.840.10045.4.3.2'

/** Most signatures that the format allows a file. */
export const MAX_SIGNATURES = 10

/** Under which id and version a phone knows the public key of a signature. */
export interface SignatureId {
  keyId: string
  keyVersion: string
}

export interface ExportSignature extends SignatureId {
  /** ECDSA over the SHA-256 of the whole export.bin, header included, in ASN.1 DER. */
  signature: Uint8Array
}

/** The bytes of an export.sig. Without any signature they are none at all. */
export function encodeSignatureList(signatures: readonly ExportSignature[]): Buffer {
  const fields = {
    signatures: signatures.map((signature) => ({
      signatureInfo: signatureInfoOf(signature),
      batchNum: 1,
      batchSize: 1,
      ...(signature.signature.length > 0 && { signature: signature.signature }),
    })),
  }
  return Buffer.from(SignatureListMessage.encode(fields).finish())
}

/** The signatures of an export.sig, none of them verified; what one lacks is empty. */
export function decodeSignatureList(exportSig: Uint8Array): ExportSignature[] {
  return parse(exportSig).signatures.map((fields) => ({
    ...signatureIdOf(fields.signatureInfo ?? {}),
    signature: present(fields, 'signature') ?? Buffer.alloc(0),
  }))
}

function parse(exportSig: Uint8Array): SignatureListFields {
  try {
    return SignatureListMessage.decode(exportSig) as unknown as SignatureListFields
  } catch (cause) {
    throw exportMalformed('export.sig is not a list of signatures', { cause })
  }
}

/** A missing id or version reads as an empty one. */
export function signatureIdOf(fields: SignatureInfoFields): SignatureId {
  return {
    keyId: fields.verificationKeyId ?? '',
    keyVersion: fields.verificationKeyVersion ?? '',
  }
}

/** An empty id or version is left out. */
export function signatureInfoOf({ keyId, keyVersion }: SignatureId): SignatureInfoFields {
  return {
    ...(keyVersion && { verificationKeyVersion: keyVersion }),
    ...(keyId && { verificationKeyId: keyId }),
    signatureAlgorithm: SIGNATURE_ALGORITHM,
  }
}
