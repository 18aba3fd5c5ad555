import {
  type AdminDeps,
  addHealthAuthorityKey,
  type ChangeDeps,
  createAuthorizedApp,
  createEncryptionKey,
  createExportConfig,
  createHealthAuthority,
  createSignatureInfo,
  createSigningKey,
  exportPublicKey,
} from '@ens/admin'
import { authorizedApps, exportConfigs, healthAuthorities, signatureInfos } from '@ens/database'
import { isKeyValid, liveSignatureInfos, type SignatureInfo } from '@ens/domain'
import { isAppError } from '@ens/errors'
import type { KeyManager } from '@ens/keys'
import { authorityPublicKey } from './demo-authority.ts'
import { demoKeysGone } from './errors.ts'
import { type LocalFolder, writePrivate } from './folder.ts'

/** Short, so that a published key is in an archive soon; far too short for real phones, which import few files a day. */
export const DEMO_TIMING = { truncateWindow: '2s', minWindowAge: '30s', periodSeconds: 2 }

export const DEMO = {
  issuer: 'demo.health.example',
  audience: 'demo.exposure-server.example',
  authorityName: 'Demo health authority',
  appName: 'com.example.demo',
  region: 'DEMO',
  bucket: 'exposure-keys',
  filenameRoot: 'demo',
  signingKey: 'system/export-signer',
  revisionKey: 'system/revision-token',
  /** By convention a country's MCC; 001 is that of test networks. */
  exportKeyId: '001',
}

export interface DemoConfiguration {
  /** Which of the authority's keys its private key file belongs to. */
  keyId: string
  privateKeyFile: string
  exportKeyId: string
  exportKeyVersion: string
  exportPublicKeyFile: string
}

/** A public key that vouches for archives, with the id and version that signatures name. */
export interface ExportKey {
  keyId: string
  keyVersion: string
  publicKey: string
}

/** Sets up all that a publish and an export need, and leaves alone what is there from an earlier start. */
export async function configureDemo(
  deps: AdminDeps & ChangeDeps,
  folder: LocalFolder,
): Promise<DemoConfiguration> {
  const privateKeyFile = folder.file('health-authority.private.pem')
  const exportPublicKeyFile = folder.file('export.public.pem')
  const authority = await ensureAuthority(deps, await authorityPublicKey(privateKeyFile))
  await ensureApp(deps, authority.id)
  await ensureRevisionKey(deps.keyManager)
  const signatureInfoId = await ensureSignatureInfo(deps)
  await ensureExportConfig(deps, signatureInfoId)
  const { pem, keyId, keyVersion } = await exportPublicKey(deps, signatureInfoId)
  await writePrivate(exportPublicKeyFile, pem)
  return {
    keyId: authority.keyId,
    privateKeyFile,
    exportKeyId: keyId,
    exportKeyVersion: keyVersion,
    exportPublicKeyFile,
  }
}

/** Every public key whose archives may be listed, those that were succeeded included. */
export async function exportKeys(deps: Pick<AdminDeps, 'db' | 'keyManager'>): Promise<ExportKey[]> {
  const keys: ExportKey[] = []
  for (const { id } of await ourSignatureInfos(deps.db)) {
    const { keyId, keyVersion, pem } = await exportPublicKey(deps, id)
    keys.push({ keyId, keyVersion, publicKey: pem })
  }
  return keys
}

const ourSignatureInfos = async (db: AdminDeps['db']) =>
  (await signatureInfos.list(db)).filter(({ keyId }) => keyId === DEMO.exportKeyId)

async function ensureAuthority(
  deps: AdminDeps & ChangeDeps,
  publicKey: string,
): Promise<{ id: number; keyId: string }> {
  const { issuer, audience, authorityName: name } = DEMO
  const known = await healthAuthorities.findByIssuer(deps.db, issuer)
  const id = known?.id ?? (await createHealthAuthority(deps, { issuer, audience, name }))
  const keys = known?.keys ?? []
  const key = keys.find((key) => key.publicKey === publicKey && isKeyValid(key, deps.now()))
  if (key) return { id, keyId: key.version }
  const version = `v${keys.length + 1}`
  await addHealthAuthorityKey(deps, id, { version, publicKey })
  return { id, keyId: version }
}

async function ensureApp(deps: AdminDeps & ChangeDeps, healthAuthorityId: number): Promise<void> {
  if (await authorizedApps.find(deps.db, DEMO.appName)) return
  await createAuthorizedApp(deps, {
    name: DEMO.appName,
    allowedRegions: [DEMO.region],
    allowedHealthAuthorityIds: [healthAuthorityId],
  })
}

async function ensureRevisionKey(keyManager: KeyManager): Promise<void> {
  try {
    await keyManager.encrypt(DEMO.revisionKey, Buffer.from('is it there?'), Buffer.from('demo'))
  } catch (error) {
    if (!isAppError(error) || error.kind !== 'not-found') throw error
    await createEncryptionKey(keyManager, DEMO.revisionKey)
  }
}

async function ensureSignatureInfo(deps: AdminDeps): Promise<number> {
  const ours = await ourSignatureInfos(deps.db)
  const [newest] = liveSignatureInfos(ours, deps.now())
  if (newest) return mustBeAbleToSign(deps.keyManager, newest)
  const { versionId } = await createSigningKey(deps.keyManager, DEMO.signingKey)
  return createSignatureInfo(deps, {
    signingKey: versionId,
    keyId: DEMO.exportKeyId,
    keyVersion: `v${ours.length + 1}`,
  })
}

async function mustBeAbleToSign(keyManager: KeyManager, info: SignatureInfo): Promise<number> {
  try {
    await keyManager.signer(info.signingKey)
    return info.id
  } catch (cause) {
    throw demoKeysGone(
      `signature info ${info.id} signs with ${info.signingKey}, which cannot be used; remove the folder .local to start afresh`,
      { cause },
    )
  }
}

async function ensureExportConfig(
  deps: AdminDeps & ChangeDeps,
  signatureInfoId: number,
): Promise<void> {
  const { bucket: bucketName, filenameRoot, region: outputRegion } = DEMO
  const known = await exportConfigs.list(deps.db)
  const isOurs = known.some(
    (config) => config.bucketName === bucketName && config.filenameRoot === filenameRoot,
  )
  if (isOurs) return
  await createExportConfig(deps, {
    bucketName,
    filenameRoot,
    outputRegion,
    periodSeconds: DEMO_TIMING.periodSeconds,
    from: new Date(deps.now().getTime() - 60_000), // at once, although windows are exported with a delay
    signatureInfoIds: [signatureInfoId],
  })
}
