import { env, optionalText } from '@ens/config'
import { databaseConfig } from '@ens/database'
import { observabilityConfig } from '@ens/observability'
import { secretsConfig } from '@ens/secrets'
import { z } from 'zod'

export const config = z.object({
  database: databaseConfig,
  secrets: secretsConfig,
  observability: observabilityConfig,
  directory: env(
    'MIGRATIONS_DIRECTORY',
    optionalText(),
    'Folder of the migrations. Unset: the one that came with this release.',
  ),
})
