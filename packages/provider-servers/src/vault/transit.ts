import { found, mistaken, nothing, refused, type VaultQuestion, type VaultReply } from './answer.ts'
import {
  type Bound,
  decrypt,
  describe,
  encrypt,
  newTransitKey,
  rotate,
  signDigest,
  type TransitKey,
} from './transit-key.ts'

type Handler = (key: TransitKey, question: VaultQuestion) => VaultReply

/** Keys that sign and encrypt. https://developer.hashicorp.com/vault/api-docs/secret/transit */
export function transit() {
  const keys = new Map<string, TransitKey>()
  return (question: VaultQuestion): VaultReply => {
    const [kind = '', name = '', ...rest] = question.path
    if (kind === 'keys' && rest.length === 0) return keyItself(keys, name, question)
    const key = keys.get(name) ?? (kind === 'encrypt' ? made(keys, name) : undefined)
    const handle = HANDLERS[[kind, ...rest].join('/')]
    if (!handle) return nothing
    return key ? handle(key, question) : mistaken('encryption key not found')
  }
}

/** To encrypt with a name that is not known makes a key of it, for a token that may create keys. */
function made(keys: Map<string, TransitKey>, name: string): TransitKey {
  const key = newTransitKey(name, 'aes256-gcm96', false)
  keys.set(name, key)
  return key
}

/** Vault takes these mistakes of a caller for its own. */
const broken = (error: string) => refused(500, `1 error occurred:\n\t* ${error}\n\n`)

function keyItself(
  keys: Map<string, TransitKey>,
  name: string,
  { method, body }: VaultQuestion,
): VaultReply {
  const known = keys.get(name)
  if (method === 'GET') return known ? found(describe(known)) : nothing
  const { type = 'aes256-gcm96', derived = false } = body
  if (type !== 'aes256-gcm96' && type !== 'ecdsa-p256')
    return mistaken(`unknown key type ${String(type)}`)
  const key = known ?? newTransitKey(name, type, derived === true)
  keys.set(name, key)
  return found(describe(key)) // one that is there is answered alike, whatever type was asked for
}

const HANDLERS: Record<string, Handler> = {
  'keys/rotate': (key) => {
    rotate(key)
    return found(describe(key))
  },
  'keys/config': configure,
  'keys/trim': trim,
  'sign/sha2-256': sign,
  encrypt: (key, { body }) => {
    if (key.type !== 'aes256-gcm96')
      return mistaken(`key type ${key.type} does not support encryption`)
    const bound = boundBy(key, body)
    if (!bound)
      return mistaken(
        "missing 'context' for key derivation; the key was created using a derived key",
      )
    const sealed = encrypt(key, bytes(body.plaintext), bound)
    const ciphertext = `vault:v${key.latest}:${sealed.toString('base64')}`
    return found({ ciphertext, key_version: key.latest })
  },
  decrypt: (key, { body }) => {
    const [, version, base64 = ''] = /^vault:v(\d+):(.*)$/.exec(String(body.ciphertext)) ?? []
    if (version === undefined) return mistaken('invalid ciphertext: no prefix')
    const bound = boundBy(key, body)
    if (!bound) return mistaken("missing 'context' for key derivation")
    const number = Number(version)
    if (number < key.minDecryption)
      return mistaken('ciphertext or signature version is disallowed by policy (too old)')
    try {
      return found({
        plaintext: decrypt(key, number, strictBytes(base64), bound).toString('base64'),
      })
    } catch {
      return mistaken('cipher: message authentication failed')
    }
  },
}

function boundBy(key: TransitKey, body: Record<string, unknown>): Bound | undefined {
  const context = bytes(body.context)
  if (key.derived && context.length === 0) return undefined
  return { context, associatedData: bytes(body.associated_data) }
}

function sign(key: TransitKey, { body }: VaultQuestion): VaultReply {
  if (key.type !== 'ecdsa-p256') return mistaken(`key type ${key.type} does not support signing`)
  if (body.prehashed !== true || body.marshaling_algorithm !== 'asn1')
    return mistaken('this server signs digests, in ASN.1')
  const version = Number(body.key_version ?? 0) || key.latest
  if (version > key.latest)
    return broken('requested version for signing is higher than the latest key version')
  if (version < key.minEncryption)
    return broken('requested version for signing is less than the minimum encryption key version')
  const der = Buffer.from(signDigest(key, version, bytes(body.input)))
  const signature = `vault:v${version}:${der.toString('base64')}`
  return found({ signature, key_version: version })
}

function configure(key: TransitKey, { body }: VaultQuestion): VaultReply {
  const minDecryption = Number(body.min_decryption_version ?? key.minDecryption)
  const minEncryption = Number(body.min_encryption_version ?? key.minEncryption)
  if (minDecryption > key.latest || minEncryption > key.latest)
    return mistaken(
      `cannot set min decryption version of ${minDecryption}, latest key version is ${key.latest}`,
    )
  if (minEncryption > 0 && minEncryption < minDecryption)
    return mistaken(
      `cannot set min encryption/decryption values; min encryption version of ${minEncryption} must be greater than or equal to min decryption version of ${minDecryption}`,
    )
  Object.assign(key, { minDecryption, minEncryption })
  return found(describe(key))
}

function trim(key: TransitKey, { body }: VaultQuestion): VaultReply {
  const least = Number(body.min_available_version)
  if (!(least >= key.minAvailable && least > 0)) return mistaken('invalid min_available_version')
  if (key.minEncryption === 0 || least > Math.min(key.minDecryption, key.minEncryption))
    return mistaken(
      'minimum available version cannot be higher than minimum encryption version or minimum decryption version',
    )
  key.minAvailable = least
  for (const number of key.versions.keys()) if (number < least) key.versions.delete(number)
  return found(describe(key))
}

function bytes(base64: unknown): Buffer {
  return Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64')
}

/** Node passes over what is not base64; Vault does not. */
function strictBytes(base64: string): Buffer {
  const decoded = Buffer.from(base64, 'base64')
  if (decoded.toString('base64') !== base64) throw new Error('not base64')
  return decoded
}
