import type { KeyObject } from 'node:crypto'

/** An abort ends the wait with `key_manager_unavailable`, its reason as the cause. */
export interface CallOptions {
  signal?: AbortSignal | undefined
}

/** One version of a signing key, ready to sign. */
export interface Signer {
  /** On P-256, whatever the provider. */
  readonly publicKey: KeyObject
  /** Signs a SHA-256 digest (32 bytes) with ECDSA; the result is ASN.1 DER, with a low or a high s. */
  sign(digest: Uint8Array, options?: CallOptions): Promise<Buffer>
}

export interface SigningKeyVersion {
  /** What `signer` takes, and what a signature info stores. */
  id: string
  createdAt: Date
  /** When it was, or will be, destroyed. */
  destroyedAt?: Date
  publicKey: KeyObject
}

/** What a provider can do. What it cannot fails with `key_operation_unsupported`. */
export interface KeyManagerCapabilities {
  sign: boolean
  encrypt: boolean
  /** Whether `decrypt` refuses other associated data than `encrypt` was given. */
  associatedData: boolean
  createKeys: boolean
  createVersions: boolean
  listVersions: boolean
  /** `oldest-first`: never the newest, and only when every older one is gone. */
  destroyVersions: boolean | 'oldest-first'
}

/**
 * Keeps keys and uses them, so that no service need hold one. A key has versions; a signing key version
 * is named by an id of its own, an encryption key encrypts with its newest version and decrypts with any.
 */
export interface KeyManager {
  readonly capabilities: Readonly<KeyManagerCapabilities>

  /** Throws `key_not_found` if there is no such version. */
  signer(keyVersionId: string, options?: CallOptions): Promise<Signer>

  encrypt(
    keyId: string,
    plaintext: Uint8Array,
    aad: Uint8Array,
    options?: CallOptions,
  ): Promise<Buffer>
  /** Throws `decryption_failed` unless key, ciphertext and associated data are those of `encrypt`. */
  decrypt(
    keyId: string,
    ciphertext: Uint8Array,
    aad: Uint8Array,
    options?: CallOptions,
  ): Promise<Buffer>

  /** Makes a signing key below `parent`, or finds it there, and returns its id. It may have no version yet. */
  createSigningKey(parent: string, name: string, options?: CallOptions): Promise<string>
  /** Returns the id of the version, once it can sign. */
  createSigningKeyVersion(keyId: string, options?: CallOptions): Promise<string>
  /** Newest first; a version whose public key the provider no longer gives out is left out. */
  listSigningKeyVersions(keyId: string, options?: CallOptions): Promise<SigningKeyVersion[]>
  /** To destroy a version that is gone is no error. */
  destroySigningKeyVersion(keyVersionId: string, options?: CallOptions): Promise<void>

  /** Makes an encryption key below `parent`, or finds it there, and returns its id. It may have no version yet. */
  createEncryptionKey(parent: string, name: string, options?: CallOptions): Promise<string>
  /** From now on `encrypt` uses the version whose id is returned. */
  createEncryptionKeyVersion(keyId: string, options?: CallOptions): Promise<string>
}
