import type { KeyObject } from 'node:crypto'
import { checksumOf } from '@ens/google'
import { p256PublicKeyFromPem } from '../ecdsa.ts'
import { invalidDigest, keyMalformed } from '../errors.ts'
import { guarded } from '../guard.ts'
import type { CallOptions, Signer } from '../key-manager.ts'
import { bytesOf, requireChecksum, requireVerified } from './checksums.ts'
import type { Kms } from './kms-client.ts'
import { translated } from './kms-failure.ts'
import { keyOfVersion } from './kms-names.ts'
import { explained, SIGNING, SIGNING_ALGORITHM } from './kms-purpose.ts'

const DIGEST_LENGTH = 32

/** A version that Cloud KMS signs with; its private key never leaves there. */
export async function kmsSigner(kms: Kms, id: string, call?: CallOptions): Promise<Signer> {
  const publicKey = await publicKeyOf(kms, id, call).catch(async (failure) => {
    throw await explained(kms, { id, keyId: keyOfVersion(id), purpose: SIGNING }, failure, call)
  })
  return {
    publicKey,
    sign: (digest, options) => guarded(options, () => sign(kms, id, digest, options)),
  }
}

/** Throws `GoogleFailure` if Cloud KMS does not give it out: it does for enabled versions. */
export async function publicKeyOf(kms: Kms, id: string, call?: CallOptions): Promise<KeyObject> {
  const { pem, pemCrc32c, algorithm } = await kms.repeatable(call?.signal, (client, options) =>
    client.getPublicKey({ name: id }, options),
  )
  requireChecksum(pem ?? '', pemCrc32c)
  if (algorithm !== SIGNING_ALGORITHM) {
    throw keyMalformed(
      `key version ${id} is of algorithm ${String(algorithm)}, not ${SIGNING_ALGORITHM}`,
    )
  }
  return p256PublicKeyFromPem(pem ?? '')
}

/** https://cloud.google.com/kms/docs/reference/rpc/google.cloud.kms.v1#asymmetricsignrequest */
async function sign(kms: Kms, id: string, digest: Uint8Array, call?: CallOptions): Promise<Buffer> {
  if (digest.length !== DIGEST_LENGTH) {
    throw invalidDigest(`the digest has ${digest.length} bytes; SHA-256 has ${DIGEST_LENGTH}`)
  }
  const request = { name: id, digest: { sha256: digest }, digestCrc32c: checksumOf(digest) }
  const signed = await kms
    .repeatable(call?.signal, (client, options) => client.asymmetricSign(request, options))
    .catch((failure) => {
      throw translated(failure, id)
    })
  const signature = bytesOf(signed.signature)
  requireVerified(signed.verifiedDigestCrc32c, signed.name === id)
  requireChecksum(signature, signed.signatureCrc32c)
  return signature
}
