import { openDatabase } from '@ens/database'
import { openKeyManager, requireCapabilities } from '@ens/keys'
import { traceCalls, traceKeyManager } from '@ens/observability'
import { type App, createApp, type ServiceContext } from '@ens/server'
import { openBlobstore, requireBlobstore } from '@ens/storage'
import { type Config, PUBLISH_MAX_SKEW_MS } from './config.ts'
import { cryptoRandom } from './deps.ts'
import { exportEvents } from './events.ts'
import { routes } from './routes.ts'

/** What stands in a trace of the store. */
const OBJECT_CALLS = ['create', 'put', 'get', 'delete'] as const

export interface ExportContext extends ServiceContext {
  /** Where `now` is not the time of day, publishes on their way are not judged by the database's clock. */
  hasMovedClock?: boolean
}

/** The service, connected to what the settings name. */
export async function buildApp(
  config: Config,
  { logger, now, hasMovedClock = false }: ExportContext,
): Promise<App> {
  const blobstore = traceCalls('storage', await openBlobstore(config.storage), OBJECT_CALLS)
  requireBlobstore(blobstore)
  const keyManager = traceKeyManager(await openKeyManager(config.keys, now))
  requireCapabilities(keyManager, 'sign')
  const db = openDatabase(config.database, {
    onConnectionLost: (error) =>
      logger.warn({ err: error }, 'an idle database connection was lost'),
  })
  const { server, observability } = config
  const app = createApp({
    server,
    logger,
    ready: () => db.ping(),
    projectId: observability.projectId,
  })
  app.addHook('onClose', () => db.close())
  routes(app, {
    db,
    blobstore,
    keyManager,
    settings: config.exports,
    now,
    random: cryptoRandom,
    events: exportEvents(logger),
    maxSkewMs: hasMovedClock ? undefined : PUBLISH_MAX_SKEW_MS,
    jobToken: server.jobToken,
  })
  return app
}
