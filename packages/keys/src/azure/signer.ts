import { derFromIeee1363 } from '../ecdsa.ts'
import { invalidDigest } from '../errors.ts'
import type { CallOptions, Signer } from '../key-manager.ts'
import { type KeyVersionPlace, keyIdOf } from './key-place.ts'
import { signingPublicKey } from './key-type.ts'
import type { Ask, Vaults } from './vaults.ts'

const DIGEST_LENGTH = 32

type Run = <T>(
  id: string,
  call: CallOptions | undefined,
  work: (ask: Ask) => Promise<T>,
) => Promise<T>

/** Signs in Key Vault (ES256), which gives r and s; the result is DER. */
export async function openSigner(
  vaults: Vaults,
  place: KeyVersionPlace,
  ask: Ask,
  run: Run,
): Promise<Signer> {
  const id = keyIdOf(place)
  const publicKey = signingPublicKey(id, await vaults.key(place, ask))
  const sign = async (digest: Uint8Array, askToSign: Ask) => {
    if (digest.length !== DIGEST_LENGTH) {
      throw invalidDigest(`the digest has ${digest.length} bytes; SHA-256 has ${DIGEST_LENGTH}`)
    }
    const { result } = await askToSign((abortSignal) =>
      vaults.cryptography(place).sign('ES256', digest, { abortSignal }),
    )
    return derFromIeee1363(result)
  }
  return {
    publicKey,
    sign: (digest, call) => run(id, call, (askToSign) => sign(digest, askToSign)),
  }
}
