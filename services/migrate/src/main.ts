import { loadConfig } from '@ens/config'
import { migrate } from '@ens/database'
import { createLogger, logStartFailure } from '@ens/observability'
import { openSecretManager, resolveReferences, secretsConfig } from '@ens/secrets'
import { z } from 'zod'
import { config } from './config.ts'

const SERVICE = 'migrate'

try {
  const { secrets } = loadConfig(z.object({ secrets: secretsConfig }), process.env)
  const manager = await openSecretManager(secrets, () => new Date())
  const { database, directory, observability } = loadConfig(
    config,
    await resolveReferences(process.env, manager, secrets),
  )
  const logger = await createLogger(observability, SERVICE)
  const applied = await migrate(database, {
    ...(directory !== undefined && { directory }),
    log: {
      info: (message) => logger.debug(message),
      warn: (message) => logger.warn(message),
    },
  })
  logger.info({ applied }, applied.length > 0 ? 'migrated' : 'the schema is the newest already')
} catch (error) {
  await logStartFailure(SERVICE, error)
  process.exitCode = 1
}
