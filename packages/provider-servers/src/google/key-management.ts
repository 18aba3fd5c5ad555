import { crc32c } from '@node-rs/crc32'
import { crc32cValue, withFirstBitFlipped } from './checksum.ts'
import { faultSwitches } from './faults.ts'
import type { Service } from './grpc-service.ts'
import { decryptWith, encryptWith, publicPem, signDigest, versionOf } from './kms-keys.ts'
import {
  type CryptoKey,
  KeyRings,
  requireEnabled,
  requirePurpose,
  type Version,
} from './kms-ring.ts'
import { invalidArgument } from './status.ts'

type Checksum = { value: string } | null
const SIGNING = 'ASYMMETRIC_SIGN'
const ENCRYPTION = 'ENCRYPT_DECRYPT'
const LARGEST_PLAINTEXT = 65_536
const PAGE_SIZE = 100

export interface KeyManagementOptions {
  now: () => Date
  /** How often a new signing version is looked at before it can sign; 2 unless said. */
  pendingLooks?: number
  /** Most versions on a page, whatever the client asks for. */
  pageSize?: number
}

/** https://cloud.google.com/kms/docs/reference/rpc/google.cloud.kms.v1 */
export class KeyManagementService implements Service {
  readonly faults = faultSwitches()
  readonly permissions = {
    CreateCryptoKey: 'cloudkms.cryptoKeys.create',
    GetCryptoKey: 'cloudkms.cryptoKeys.get',
    CreateCryptoKeyVersion: 'cloudkms.cryptoKeyVersions.create',
    GetCryptoKeyVersion: 'cloudkms.cryptoKeyVersions.get',
    ListCryptoKeyVersions: 'cloudkms.cryptoKeyVersions.list',
    DestroyCryptoKeyVersion: 'cloudkms.cryptoKeyVersions.destroy',
    UpdateCryptoKeyPrimaryVersion: 'cloudkms.cryptoKeys.update',
    GetPublicKey: 'cloudkms.cryptoKeyVersions.viewPublicKey',
    AsymmetricSign: 'cloudkms.cryptoKeyVersions.useToSign',
    Encrypt: 'cloudkms.cryptoKeyVersions.useToEncrypt',
    Decrypt: 'cloudkms.cryptoKeyVersions.useToDecrypt',
  }
  readonly #rings: KeyRings
  readonly #pageSize: number

  constructor({ now, pendingLooks = 2, pageSize = PAGE_SIZE }: KeyManagementOptions) {
    this.#rings = new KeyRings(now, pendingLooks)
    this.#pageSize = pageSize
  }

  readonly methods = {
    CreateCryptoKey: (request: CreateKey) => this.#createKey(request),
    GetCryptoKey: ({ name }: Named) => keyResource(this.#rings.key(name)),
    CreateCryptoKeyVersion: ({ parent }: { parent: string }) => {
      const key = this.#rings.key(parent)
      return versionResource(key, this.#rings.addVersion(key))
    },
    GetCryptoKeyVersion: ({ name }: Named) => {
      const { key, version } = this.#rings.version(name)
      this.#rings.look(version)
      return versionResource(key, version)
    },
    ListCryptoKeyVersions: (request: ListVersions) => this.#list(request),
    DestroyCryptoKeyVersion: ({ name }: Named) => {
      const { key, version } = this.#rings.version(name)
      this.#rings.destroy(version)
      return versionResource(key, version)
    },
    UpdateCryptoKeyPrimaryVersion: (request: { name: string; cryptoKeyVersionId: string }) => {
      const { name, cryptoKeyVersionId } = request
      const { key, version } = this.#rings.version(
        `${name}/cryptoKeyVersions/${cryptoKeyVersionId}`,
      )
      requirePurpose(key, ENCRYPTION)
      key.primary = version
      return keyResource(key)
    },
    GetPublicKey: ({ name }: Named) => this.#publicKey(name),
    AsymmetricSign: (request: Sign) => this.#sign(request),
    Encrypt: (request: Encrypt) => this.#encrypt(request),
    Decrypt: (request: Decrypt) => this.#decrypt(request),
  }

  #createKey({ parent, cryptoKeyId, cryptoKey, skipInitialVersionCreation }: CreateKey): object {
    const { purpose, versionTemplate } = cryptoKey
    const isSigning = purpose === SIGNING
    const algorithm = isSigning ? versionTemplate?.algorithm : 'GOOGLE_SYMMETRIC_ENCRYPTION'
    if (isSigning && algorithm !== 'EC_SIGN_P256_SHA256') {
      throw invalidArgument(
        'version_template.algorithm is needed, and only EC_SIGN_P256_SHA256 is known here.',
      )
    }
    const protectionLevel = versionTemplate?.protectionLevel ?? 'SOFTWARE'
    const key = this.#rings.create(`${parent}/cryptoKeys/${cryptoKeyId}`, {
      purpose,
      algorithm: algorithm ?? '',
      protectionLevel,
    })
    if (!skipInitialVersionCreation) {
      const version = this.#rings.addVersion(key)
      if (!isSigning) key.primary = version
    }
    return keyResource(key)
  }

  #list({ parent, pageSize, pageToken }: ListVersions): object {
    const key = this.#rings.key(parent)
    const start = Number(pageToken || 0)
    const end = start + Math.min(pageSize || this.#pageSize, this.#pageSize)
    return {
      cryptoKeyVersions: key.versions
        .slice(start, end)
        .map((version) => versionResource(key, version)),
      nextPageToken: end < key.versions.length ? String(end) : '',
      totalSize: key.versions.length,
    }
  }

  #publicKey(name: string): object {
    const { key, version } = this.#rings.version(name)
    const secret = usable(key, version, 'signing')
    const pem = publicPem(secret)
    const { algorithm, protectionLevel } = key
    const shown = this.#answered(Buffer.from(pem)).toString('latin1')
    return {
      name,
      pem: shown,
      algorithm,
      protectionLevel,
      pemCrc32c: crc32cValue(Buffer.from(pem)),
    }
  }

  #sign({ name, digest, digestCrc32c }: Sign): object {
    const { key, version } = this.#rings.version(name)
    const secret = usable(key, version, 'signing')
    const sha256 = digest?.sha256 ?? Buffer.alloc(0)
    if (sha256.length !== 32) throw invalidArgument('digest.sha256 must be 32 bytes.')
    const verified = matches('digest', sha256, digestCrc32c)
    const signature = signDigest(secret, sha256)
    return {
      name,
      signature: this.#answered(signature),
      signatureCrc32c: crc32cValue(signature),
      verifiedDigestCrc32c: verified,
      protectionLevel: key.protectionLevel,
    }
  }

  #encrypt(request: Encrypt): object {
    const { plaintext, additionalAuthenticatedData: aad } = request
    const key = this.#rings.key(request.name)
    requirePurpose(key, ENCRYPTION)
    if (plaintext.length === 0 || plaintext.length > LARGEST_PLAINTEXT) {
      throw invalidArgument('plaintext must have 1 to 65536 bytes.')
    }
    const { primary } = key
    if (!primary) throw invalidArgument(`${key.name} has no primary version.`)
    const secret = usable(key, primary, 'encryption') as Buffer
    const ciphertext = encryptWith(secret, primary.number, plaintext, aad)
    return {
      name: primary.name,
      ciphertext: this.#answered(ciphertext),
      ciphertextCrc32c: crc32cValue(ciphertext),
      verifiedPlaintextCrc32c: matches('plaintext', plaintext, request.plaintextCrc32c),
      verifiedAdditionalAuthenticatedDataCrc32c: matches(
        'additional_authenticated_data',
        aad,
        request.additionalAuthenticatedDataCrc32c,
      ),
      protectionLevel: key.protectionLevel,
    }
  }

  #decrypt(request: Decrypt): object {
    const { ciphertext, additionalAuthenticatedData: aad } = request
    const key = this.#rings.key(request.name)
    requirePurpose(key, ENCRYPTION)
    matches('ciphertext', ciphertext, request.ciphertextCrc32c)
    matches('additional_authenticated_data', aad, request.additionalAuthenticatedDataCrc32c)
    const version = key.versions[versionOf(ciphertext) - 1]
    const secret = version && (usable(key, version, 'encryption') as Buffer)
    const plaintext = secret && decryptWith(secret, ciphertext, aad)
    if (!plaintext) {
      throw invalidArgument(
        "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
      )
    }
    return {
      plaintext: this.#answered(plaintext),
      plaintextCrc32c: crc32cValue(plaintext),
      usedPrimary: version === key.primary,
      protectionLevel: key.protectionLevel,
    }
  }

  #answered(bytes: Buffer): Buffer {
    return this.faults.corrupting ? withFirstBitFlipped(bytes) : bytes
  }
}

/** True if the client sent a checksum; throws if it is not that of the bytes. */
function matches(field: string, bytes: Buffer, checksum: Checksum): boolean {
  if (!checksum) return false
  if (checksum.value === String(crc32c(bytes))) return true
  throw invalidArgument(
    `The checksum in field ${field}_crc32c did not match the data in field ${field}.`,
  )
}

function usable(key: CryptoKey, version: Version, type: 'signing' | 'encryption'): Uint8Array {
  requirePurpose(key, type === 'signing' ? SIGNING : ENCRYPTION)
  requireEnabled(version)
  return version.secret.key
}

function keyResource(key: CryptoKey): object {
  const { name, purpose, algorithm, protectionLevel, primary } = key
  return {
    name,
    purpose,
    primary: primary ? versionResource(key, primary) : null,
    versionTemplate: { algorithm, protectionLevel },
  }
}

function versionResource(key: CryptoKey, version: Version): object {
  const { name, state, createdAt, destroyedAt } = version
  const { algorithm, protectionLevel } = key
  const shown = { name, state, algorithm, protectionLevel, createTime: timestamp(createdAt) }
  return destroyedAt ? { ...shown, destroyTime: timestamp(destroyedAt) } : shown
}

function timestamp(at: Date): { seconds: string; nanos: number } {
  const ms = at.getTime()
  return { seconds: String(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 }
}

interface Named {
  name: string
}
interface CreateKey {
  parent: string
  cryptoKeyId: string
  cryptoKey: {
    purpose: string
    versionTemplate: { algorithm: string; protectionLevel: string } | null
  }
  skipInitialVersionCreation: boolean
}
interface ListVersions {
  parent: string
  pageSize: number
  pageToken: string
}
interface Sign {
  name: string
  digest: { sha256: Buffer } | null
  digestCrc32c: Checksum
}
interface Encrypt {
  name: string
  plaintext: Buffer
  additionalAuthenticatedData: Buffer
  plaintextCrc32c: Checksum
  additionalAuthenticatedDataCrc32c: Checksum
}
interface Decrypt {
  name: string
  ciphertext: Buffer
  additionalAuthenticatedData: Buffer
  ciphertextCrc32c: Checksum
  additionalAuthenticatedDataCrc32c: Checksum
}
