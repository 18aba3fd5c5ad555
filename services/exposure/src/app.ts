import { type App, createApp } from '@ens/server'
import type { Config } from './config.ts'
import { type ExposureContext, openDependencies } from './dependencies.ts'
import { routes } from './routes.ts'

export async function buildApp(config: Config, context: ExposureContext): Promise<App> {
  const { close, ...deps } = await openDependencies(config, context)
  const app = createApp({
    server: config.server,
    logger: context.logger,
    ready: () => deps.db.ping(),
    projectId: config.observability.projectId,
    trustedProxies: config.limits.trustedProxies,
  })
  await routes(app, deps)
  app.addHook('onClose', close)
  return app
}
