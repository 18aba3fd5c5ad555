import { type Database, exportConfigs, type Queryable, signatureInfos } from '@ens/database'
import { MAX_SIGNATURES, type SignatureInfo } from '@ens/domain'
import type { KeyManager } from '@ens/keys'
import type { AdminDeps } from './deps.ts'
import { invalidInput } from './errors.ts'
import { required } from './input.ts'
import { createSignatureInfo, getSignatureInfo } from './signature-infos.ts'

/** A key's id as the key manager knows it: `parent/name`. */
function splitKeyId(keyId: string): { parent: string; name: string } {
  const trimmed = required('the key id', keyId)
  const slash = trimmed.lastIndexOf('/')
  if (slash < 1 || slash === trimmed.length - 1)
    throw invalidInput(`${keyId} is not a key id; write parent/name, such as system/export-signer`)
  return { parent: trimmed.slice(0, slash), name: trimmed.slice(slash + 1) }
}

/** Makes a signing key with a first version, or finds it. Returns the ids of the key and of its newest version. */
export async function createSigningKey(
  keyManager: KeyManager,
  keyId: string,
): Promise<{ keyId: string; versionId: string }> {
  const { parent, name } = splitKeyId(keyId)
  const id = await keyManager.createSigningKey(parent, name)
  const [newest] = keyManager.capabilities.listVersions
    ? await keyManager.listSigningKeyVersions(id)
    : []
  return { keyId: id, versionId: newest?.id ?? (await keyManager.createSigningKeyVersion(id)) }
}

/** Makes an encryption key with a first version, for REVISION_TOKEN_KEY_ID. To call it again adds a version. */
export async function createEncryptionKey(keyManager: KeyManager, keyId: string): Promise<string> {
  const { parent, name } = splitKeyId(keyId)
  const id = await keyManager.createEncryptionKey(parent, name)
  await keyManager.createEncryptionKeyVersion(id)
  return id
}

export interface Rotation {
  /** The signature info whose key is to be succeeded. */
  signatureInfoId: number
  /** The key manager's id of the key that gets a new version. */
  signingKeyId: string
  /** What archives will call the new version, such as `v2`. */
  keyVersion: string
  /** When the old version stops signing. Phones must have learnt the new one by then. */
  oldThru: Date
}

/**
 * Makes a new version of a signing key and lets it sign beside the old one in every export config that the old one signs,
 * until the old one's end. Batches that exist already keep the signers they copied.
 */
export async function rotateSigningKey(
  deps: AdminDeps & { db: Database },
  rotation: Rotation,
): Promise<{ signatureInfoId: number; versionId: string; configIds: number[] }> {
  const { db, keyManager } = deps
  const old = await getSignatureInfo(deps, rotation.signatureInfoId)
  const versionId = await keyManager.createSigningKeyVersion(rotation.signingKeyId)
  return db.transaction(async (tx) => {
    const signatureInfoId = await createSignatureInfo(
      { ...deps, db: tx },
      { signingKey: versionId, keyId: old.keyId, keyVersion: rotation.keyVersion },
    )
    const configIds = await addSigner(tx, old, signatureInfoId)
    await signatureInfos.update(tx, { ...old, thru: rotation.oldThru })
    return { signatureInfoId, versionId, configIds }
  })
}

async function addSigner(tx: Queryable, old: SignatureInfo, added: number): Promise<number[]> {
  const signed = (await exportConfigs.list(tx)).filter(({ signatureInfoIds }) =>
    signatureInfoIds.includes(old.id),
  )
  for (const config of signed) {
    const signatureInfoIds = [...config.signatureInfoIds, added]
    if (signatureInfoIds.length > MAX_SIGNATURES)
      throw invalidInput(`export config ${config.id} has ${MAX_SIGNATURES} signers; take one away`)
    await exportConfigs.update(tx, { ...config, signatureInfoIds })
  }
  return signed.map(({ id }) => id)
}
