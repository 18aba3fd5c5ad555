import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '@ens/database'
import { type App, createApp, type ServiceContext } from '@ens/server'
import type { Config } from './config.ts'
import { cleanupEvents } from './events.ts'
import { routes } from './routes.ts'

export function buildApp(config: Config, { logger, now }: ServiceContext): App {
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
  routes(app, { db, settings, now, rest, events, jobToken: server.jobToken })
  return app
}

/** Until the signal aborts at the latest. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {})
}
