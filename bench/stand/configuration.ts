import { generateKeyPairSync } from 'node:crypto'
import {
  addHealthAuthorityKey,
  createAuthorizedApp,
  createEncryptionKey,
  createHealthAuthority,
  createSignatureInfo,
  createSigningKey,
} from '@ens/admin'
import type { Database } from '@ens/database'
import { openKeyManager } from '@ens/keys'

export const REGION = 'US'
export const APP = 'org.example.bench'
export const REVISION_KEY = 'bench/revision-token'
const SIGNING_KEY = 'bench/export-signer'

/** What a load generator needs to make publishes that are accepted. */
export interface Authority {
  issuer: string
  audience: string
  /** The certificates' `kid`. */
  keyId: string
  /** PEM, so that it can be handed to another process. */
  privateKey: string
  publicKey: string
}

export interface Configuration {
  authority: Authority
  healthAuthorityId: number
  signatureInfoId: number
}

/** One authority, one app, and the keys that services seal and sign with. */
export async function configure(db: Database, keyRoot: string): Promise<Configuration> {
  const keyManager = await openKeyManager(
    { keyManager: 'FILESYSTEM', filesystemRoot: keyRoot },
    () => new Date(),
  )
  const deps = { db, keyManager, now: () => new Date() }
  const authority = newAuthority()
  const { issuer, audience, keyId: version, publicKey } = authority
  const id = await createHealthAuthority(deps, { issuer, audience, name: 'Bench' })
  await addHealthAuthorityKey(deps, id, { version, publicKey, from: new Date(0) })
  await createAuthorizedApp(deps, {
    name: APP,
    allowedRegions: [REGION],
    allowedHealthAuthorityIds: [id],
  })
  await createEncryptionKey(keyManager, REVISION_KEY)
  const { versionId } = await createSigningKey(keyManager, SIGNING_KEY)
  const signatureInfoId = await createSignatureInfo(deps, {
    signingKey: versionId,
    keyId: '310',
    keyVersion: 'v1',
  })
  return { authority, healthAuthorityId: id, signatureInfoId }
}

function newAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    issuer: 'health.bench.example',
    audience: 'exposure.bench.example',
    keyId: 'v1',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}
