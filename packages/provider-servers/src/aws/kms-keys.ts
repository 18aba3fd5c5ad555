import {
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto'
import { Exception } from './json.ts'

export type KeyUsage = 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT'
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

export interface KmsKey {
  id: string
  arn: string
  usage: KeyUsage
  spec: string
  state: KeyState
  /** Of a signing key. */
  pair?: { privateKey: KeyObject; publicKey: KeyObject }
  /** Of an encryption key: its backing keys, newest last. */
  backing: Buffer[]
}

const ACCOUNT = '111122223333'
const ARN = /^arn:aws:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[\w/-]+$/
const NONCE_BYTES = 12
const TAG_BYTES = 16
const ID_BYTES = 36
/** Key id, number of the backing key (1 byte), nonce, tag; AWS does not document its own format. */
const HEADER_BYTES = ID_BYTES + 1 + NONCE_BYTES + TAG_BYTES

/** The keys of one account in one region, and their aliases. */
export class KmsKeys {
  readonly #region: string
  readonly #keys = new Map<string, KmsKey>()
  readonly #aliases = new Map<string, KmsKey>()

  constructor(region: string) {
    this.#region = region
  }

  add(usage: KeyUsage, spec: string, pair?: KmsKey['pair']): KmsKey {
    const id = randomUUID()
    const key: KmsKey = {
      id,
      arn: this.#arn(`key/${id}`),
      usage,
      spec,
      state: 'Enabled',
      backing: [],
    }
    if (pair) key.pair = pair
    else key.backing.push(randomBytes(32))
    this.#keys.set(id, key)
    return key
  }

  pointAlias(name: string, keyId: string): void {
    this.#aliases.set(name, this.get(keyId))
  }

  rotate(keyId: string): void {
    this.get(keyId).backing.push(randomBytes(32))
  }

  find(id: string): KmsKey | undefined {
    return this.#keys.get(id)
  }

  /** By id, ARN of the key, alias or ARN of the alias, like every operation of KMS. */
  get(keyId: string): KmsKey {
    const name = keyId.startsWith(this.#arn('')) ? keyId.slice(this.#arn('').length) : keyId
    const key = name.startsWith('alias/')
      ? this.#aliases.get(name)
      : this.#keys.get(name.replace(/^key\//, ''))
    if (key) return key
    if (keyId.startsWith('arn:') && !ARN.test(keyId))
      throw new Exception('InvalidArnException', 'the ARN is malformed')
    throw new Exception('NotFoundException', 'there is no such key')
  }

  getUsable(keyId: string): KmsKey {
    const key = this.get(keyId)
    if (key.state === 'Disabled') throw new Exception('DisabledException', `${key.arn} is disabled`)
    if (key.state !== 'Enabled')
      throw new Exception('KMSInvalidStateException', `${key.arn} is pending deletion`)
    return key
  }

  getFor(keyId: string, usage: KeyUsage): KmsKey {
    const key = this.getUsable(keyId)
    if (key.usage !== usage)
      throw new Exception('InvalidKeyUsageException', `${key.arn} has another key usage`)
    return key
  }

  #arn(resource: string): string {
    return `arn:aws:kms:${this.#region}:${ACCOUNT}:${resource}`
  }
}

export function newKeyPair(namedCurve: string): Required<KmsKey>['pair'] {
  return generateKeyPairSync('ec', { namedCurve })
}

/** AES-256-GCM with the encryption context as associated data. */
export function encryptWith(key: KmsKey, plaintext: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.backing.at(-1) ?? '', nonce).setAAD(
    Buffer.from(context),
  )
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const backing = Buffer.of(key.backing.length - 1)
  return Buffer.concat([Buffer.from(key.id), backing, nonce, cipher.getAuthTag(), sealed])
}

/** Undefined unless the ciphertext was made by this key with this context. */
export function decryptWith(key: KmsKey, blob: Buffer, context: string): Buffer | undefined {
  const secret = key.backing[blob[ID_BYTES] ?? 0]
  if (blob.length < HEADER_BYTES || !secret) return undefined
  const nonce = blob.subarray(ID_BYTES + 1, ID_BYTES + 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(context))
  decipher.setAuthTag(blob.subarray(HEADER_BYTES - TAG_BYTES, HEADER_BYTES))
  const plaintext = decipher.update(blob.subarray(HEADER_BYTES))
  try {
    return Buffer.concat([plaintext, decipher.final()])
  } catch {
    return undefined
  }
}

/** The id of the key that a ciphertext names, which is not verified yet. */
export function keyIdOf(blob: Buffer): string {
  return blob.toString('latin1', 0, ID_BYTES)
}
