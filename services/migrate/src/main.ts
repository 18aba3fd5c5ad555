import { migrate } from '@ens/database'
import { createLogger, logStartFailure } from '@ens/observability'
import { loadConfigWithSecrets } from '@ens/secrets'
import { config as schema } from './config.ts'

const SERVICE = 'migrate'

try {
  const now = () => new Date()
  const { config } = await loadConfigWithSecrets(schema, process.env, now)
  const { database, directory, observability } = config
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
