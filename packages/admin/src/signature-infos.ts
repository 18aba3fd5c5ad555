import { signatureInfos } from '@ens/database'
import type { SignatureInfo } from '@ens/domain'
import { publicKeyToPem } from '@ens/keys'
import type { AdminDeps, ChangeDeps, ConfigDeps } from './deps.ts'
import { invalidInput } from './errors.ts'
import { type Changes, found, required, unlessTaken, withChanges } from './input.ts'

export interface SignatureInfoInput {
  /** The key manager's id of one key version. */
  signingKey: string
  /** Under which phones know the key: by convention the country's MCC, such as `310`. */
  keyId: string
  /** Such as `v1`. */
  keyVersion: string
  /** When it stops signing; undefined is for ever. */
  thru?: Date | undefined
}

/** Registers a key version that signs exports. Refuses one that the key manager cannot sign with. Throws `invalid_input`, `name_taken`. */
export async function createSignatureInfo(
  deps: AdminDeps,
  input: SignatureInfoInput,
): Promise<number> {
  const info = checked(input)
  await deps.keyManager.signer(info.signingKey)
  return unlessTaken(nameOf(info), () => signatureInfos.insert(deps.db, info))
}

/** Changes what is given and keeps the rest. */
export async function updateSignatureInfo(
  { db, keyManager }: AdminDeps & ChangeDeps,
  id: number,
  changes: Changes<SignatureInfoInput>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const known = found(`signature info ${id}`, await signatureInfos.lock(tx, id))
    const info = checked(withChanges<SignatureInfoInput>(known, changes))
    await keyManager.signer(info.signingKey)
    await unlessTaken(nameOf(info), () => signatureInfos.update(tx, { id, ...info }))
  })
}

/** Lets a key sign until then, and no longer. */
export async function endSignatureInfo(
  { db }: Pick<ChangeDeps, 'db'>,
  id: number,
  thru: Date,
): Promise<void> {
  await db.transaction(async (tx) => {
    const known = found(`signature info ${id}`, await signatureInfos.lock(tx, id))
    await signatureInfos.update(tx, { ...known, thru })
  })
}

export async function getSignatureInfo(
  { db }: Pick<ConfigDeps, 'db'>,
  id: number,
): Promise<SignatureInfo> {
  const [info] = await signatureInfos.listByIds(db, [id])
  return found(`signature info ${id}`, info)
}

/** What goes to Apple and Google: the public key as SPKI in PEM, with the id and version that archives name. */
export async function exportPublicKey(
  deps: Pick<AdminDeps, 'db' | 'keyManager'>,
  id: number,
): Promise<{ keyId: string; keyVersion: string; pem: string }> {
  const { signingKey, keyId, keyVersion } = await getSignatureInfo(deps, id)
  const { publicKey } = await deps.keyManager.signer(signingKey)
  return { keyId, keyVersion, pem: publicKeyToPem(publicKey) }
}

const nameOf = ({ keyId, keyVersion }: Omit<SignatureInfo, 'id'>) =>
  `a signature info ${keyId} ${keyVersion}`

const WORD = /^[a-zA-Z0-9_]+$/

function checked(input: SignatureInfoInput): Omit<SignatureInfo, 'id'> {
  return {
    signingKey: required('the signing key', input.signingKey),
    keyId: word('the key id', input.keyId),
    keyVersion: word('the key version', input.keyVersion),
    thru: input.thru,
  }
}

/** The characters that the export format allows in ids and versions. */
function word(name: string, text: string): string {
  if (WORD.test(text)) return text
  throw invalidInput(`${name} may hold letters, digits and underscores only`)
}
