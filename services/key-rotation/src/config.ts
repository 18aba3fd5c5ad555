import { duration, env, text } from '@ens/config'
import { databaseConfig } from '@ens/database/config'
import { keysConfig } from '@ens/keys'
import { observabilityConfig } from '@ens/observability'
import { serverConfig } from '@ens/server/config'
import { z } from 'zod'

const rotationSettings = z.object({
  keyId: env(
    'REVISION_TOKEN_KEY_ID',
    text(),
    'The key of the key manager that wraps the keys of revision tokens; what the exposure service was told.',
  ),
  newKeyPeriodMs: env(
    'NEW_KEY_PERIOD',
    duration('168h').refine((ms) => ms > 0, 'must be more than 0'),
    'A key of revision tokens is replaced at this age.',
  ),
  deleteOldKeyPeriodMs: env(
    'DELETE_OLD_KEY_PERIOD',
    duration('360h').refine((ms) => ms > 0, 'must be more than 0'),
    'A replaced key is destroyed once its successor is this old: so long do the tokens that it sealed last stay good.',
  ),
})

export type RotationSettings = z.output<typeof rotationSettings>

export const config = z.object({
  server: serverConfig,
  observability: observabilityConfig,
  database: databaseConfig,
  keys: keysConfig,
  rotation: rotationSettings,
})

export type Config = z.output<typeof config>
