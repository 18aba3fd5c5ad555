import { randomBytes } from 'node:crypto'
import { openDatabase } from '@ens/database'
import { type KeyManager, openKeyManager, requireCapabilities } from '@ens/keys'
import { traceKeyManager } from '@ens/observability'
import { type App, createApp, type ServiceContext } from '@ens/server'
import type { Config } from './config.ts'
import { rotationEvents } from './events.ts'
import { routes } from './routes.ts'

/** What tests may hand in instead of what the settings name. */
export interface RotationContext extends ServiceContext {
  keyManager?: KeyManager
}

export async function buildApp(config: Config, context: RotationContext): Promise<App> {
  const { logger, now } = context
  const keyManager = traceKeyManager(context.keyManager ?? (await openKeyManager(config.keys, now)))
  requireCapabilities(keyManager, 'encrypt')
  const events = rotationEvents(logger)
  const db = openDatabase(config.database, { onConnectionLost: events.connectionLost })
  const { server, observability, rotation: settings } = config
  const app = createApp({
    server,
    logger,
    ready: () => db.ping(),
    projectId: observability.projectId,
  })
  app.addHook('onClose', () => db.close())
  routes(app, { db, keyManager, settings, now, randomBytes, events, jobToken: server.jobToken })
  return app
}
