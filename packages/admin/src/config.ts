import { databaseConfig } from '@ens/database'
import { keysConfig } from '@ens/keys'
import { secretsConfig } from '@ens/secrets'
import { z } from 'zod'

/** The settings of commands that touch the database only. */
export const configCommands = z.object({ database: databaseConfig })

/** The settings of commands that touch keys only. */
export const keyCommands = z.object({ keys: keysConfig })

/** Every setting of the administrative command, as the operators' table lists them. */
export const config = z.object({
  database: databaseConfig,
  keys: keysConfig,
  secrets: secretsConfig,
})
