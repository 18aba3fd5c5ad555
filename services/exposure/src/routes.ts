import type { App } from '@ens/server'
import { publishV1 } from './publish-api.ts'
import { mountPublish, type PublishRouteDeps } from './publish-route.ts'
import { mountStats, type StatsDeps } from './stats-route.ts'

export interface RouteDeps extends PublishRouteDeps, StatsDeps {
  config: PublishRouteDeps['config'] & StatsDeps['config']
}

export async function routes(app: App, deps: RouteDeps): Promise<void> {
  await app.register(async (scope: App) => mountPublish(scope, '/v1/publish', publishV1, deps))
  await app.register(async (scope: App) => mountStats(scope, '/v1/stats', deps))
}
