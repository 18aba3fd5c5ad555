import { derFromIeee1363 } from '../ecdsa.ts'
import { invalidDigest } from '../errors.ts'
import type { CallOptions, Signer } from '../key-manager.ts'
import { type KeyVersionPlace, keyIdOf } from './key-place.ts'
import { signingPublicKey } from './key-type.ts'
import type { Vaults } from './vaults.ts'

const DIGEST_LENGTH = 32

type Run = <T>(
  id: string,
  call: CallOptions | undefined,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>

/** Signs in Key Vault (ES256), which gives r and s; the result is DER. */
export async function openSigner(
  vaults: Vaults,
  place: KeyVersionPlace,
  signal: AbortSignal,
  run: Run,
): Promise<Signer> {
  const id = keyIdOf(place)
  const publicKey = signingPublicKey(id, await vaults.key(place, signal))
  const sign = async (digest: Uint8Array, abortSignal: AbortSignal) => {
    if (digest.length !== DIGEST_LENGTH) {
      throw invalidDigest(`the digest has ${digest.length} bytes; SHA-256 has ${DIGEST_LENGTH}`)
    }
    const { result } = await vaults.cryptography(place).sign('ES256', digest, { abortSignal })
    return derFromIeee1363(result)
  }
  return {
    publicKey,
    sign: (digest, call) => run(id, call, (abortSignal) => sign(digest, abortSignal)),
  }
}
