import { openDatabase } from '@ens/database'
import { traceCalls } from '@ens/observability'
import { type App, createApp, type ServiceContext } from '@ens/server'
import { type Blobstore, openBlobstore, requireBlobstore } from '@ens/storage'
import type { Config } from './config.ts'
import { cleanupEvents } from './events.ts'
import { routes } from './routes.ts'

/** As long as the export service waits for it. */
const OBJECT_TIMEOUT_MS = 50_000

/** What tests may hand in instead of what the settings name. */
export interface CleanupContext extends ServiceContext {
  blobstore?: Blobstore
}

export async function buildApp(config: Config, context: CleanupContext): Promise<App> {
  const { logger, now } = context
  const blobstore = traceCalls(
    'storage',
    context.blobstore ?? (await openBlobstore(config.storage)),
    ['delete'],
  )
  requireBlobstore(blobstore)
  const events = cleanupEvents(logger)
  const db = openDatabase(config.database, { onConnectionLost: events.connectionLost })
  const { server, observability, cleanup: settings } = config
  const app = createApp({
    server,
    logger,
    ready: () => db.ping(),
    projectId: observability.projectId,
  })
  app.addHook('onClose', () => db.close())
  const deps = { db, blobstore, settings, now, events, objectTimeoutMs: OBJECT_TIMEOUT_MS }
  routes(app, { ...deps, jobToken: server.jobToken })
  return app
}
