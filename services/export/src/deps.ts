import { randomBytes, randomInt } from 'node:crypto'
import type { Database } from '@ens/database'
import type { SignatureId } from '@ens/export-file'
import type { KeyManager, Signer } from '@ens/keys'
import type { Blobstore } from '@ens/storage'
import type { ExportSettings } from './config.ts'
import type { ExportEvents } from './events.ts'

/** Where generated keys come from: nothing about them may be predictable. */
export interface Random {
  bytes(size: number): Buffer
  /** An integer from 0, below the limit, each as likely as the others. */
  below(limit: number): number
}

export const cryptoRandom: Random = { bytes: randomBytes, below: (limit) => randomInt(limit) }

/** A key that signs archives, and the name under which phones know it. */
export interface OpenSigner extends SignatureId {
  signer: Signer
}

/** What exporting needs of the world. */
export interface ExportDeps {
  db: Database
  blobstore: Blobstore
  keyManager: KeyManager
  settings: ExportSettings
  now: () => Date
  random: Random
  events: ExportEvents
  /** Most that the arrival of a publish may differ from the database's clock; undefined where the clock is moved on purpose. */
  maxSkewMs: number | undefined
}
