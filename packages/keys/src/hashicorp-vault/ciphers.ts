import type { Vault } from '@ens/vault'
import { z } from 'zod'
import { decryptionFailed, keyManagerUnavailable } from '../errors.ts'
import { callTransit, causeOf, dataOf } from './call.ts'
import type { TransitKey } from './key-id.ts'
import { describeKey } from './keys.ts'

const encrypted = z.object({ ciphertext: z.string() })
const decrypted = z.object({ plaintext: z.base64() })
const CIPHERTEXT = /^vault:v\d+:[A-Za-z0-9+/]+={0,2}$/
const LONGEST_CIPHERTEXT_BYTES = 128 * 1024

type Binding = (key: TransitKey, aad: Uint8Array, signal?: AbortSignal) => Promise<object>

export interface TransitCiphers {
  encrypt(
    key: TransitKey,
    plaintext: Uint8Array,
    aad: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Buffer>
  decrypt(
    key: TransitKey,
    ciphertext: Uint8Array,
    aad: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Buffer>
}

/** A ciphertext is Vault's own text, `vault:v3:` and base64, in ASCII, as the reference server kept it. */
export function transitCiphers(vault: Vault): TransitCiphers {
  const bound = rememberedBinding(vault)
  return {
    async encrypt(key, plaintext, aad, signal) {
      const body = {
        plaintext: Buffer.from(plaintext).toString('base64'),
        ...(await bound(key, aad, signal)),
      }
      const answer = await callTransit(vault, { key, path: ['encrypt', key.name], body, signal })
      if (answer.status === 400)
        throw keyManagerUnavailable(`Vault cannot encrypt with key ${key.id}`, {
          cause: causeOf(answer),
        })
      return Buffer.from(dataOf(encrypted, answer).ciphertext)
    },

    async decrypt(key, given, aad, signal) {
      const ciphertext = Buffer.from(given).toString('latin1')
      const binding = await bound(key, aad, signal)
      if (given.length > LONGEST_CIPHERTEXT_BYTES || !CIPHERTEXT.test(ciphertext))
        throw decryptionFailed('the ciphertext is not one of Vault')
      const body = { ciphertext, ...binding }
      const answer = await callTransit(vault, { key, path: ['decrypt', key.name], body, signal })
      if (answer.status === 400)
        throw decryptionFailed(`the ciphertext was not made by key ${key.id} for this use`, {
          cause: causeOf(answer),
        })
      return Buffer.from(dataOf(decrypted, answer).plaintext, 'base64')
    },
  }
}

/**
 * How a key binds associated data: as such, or, if it is a derived key (those of the reference server), as the context from which
 * Vault derives the key. That never changes, so it is asked once. Asking is also what keeps `encrypt` from making the
 * key, which Vault does for an unknown name and a token that may create keys.
 */
function rememberedBinding(vault: Vault): Binding {
  const derived = new Map<string, boolean>()
  return async (key, aad, signal) => {
    const known = derived.get(key.id) ?? (await describeKey(vault, key, 'encrypt', signal)).derived
    derived.set(key.id, known)
    const bytes = Buffer.from(aad).toString('base64')
    if (known) return { context: bytes }
    return bytes === '' ? {} : { associated_data: bytes }
  }
}
