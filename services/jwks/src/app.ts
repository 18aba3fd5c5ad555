import { randomInt } from 'node:crypto'
import { openDatabase } from '@ens/database'
import { type App, createApp, type ServiceContext } from '@ens/server'
import type { Config } from './config.ts'
import { jwksEvents } from './events.ts'
import { routes } from './routes.ts'

export function buildApp(config: Config, { logger, now }: ServiceContext): App {
  const events = jwksEvents(logger)
  const db = openDatabase(config.database, { onConnectionLost: events.connectionLost })
  const { server, observability, jwks: settings } = config
  const app = createApp({
    server,
    logger,
    ready: () => db.ping(),
    projectId: observability.projectId,
  })
  app.addHook('onClose', () => db.close())
  routes(app, { db, settings, now, random: randomInt, events, jobToken: server.jobToken })
  return app
}
