import { type App, guardRoutes } from '@ens/server'
import { mountApiDocs } from './api-docs.ts'
import { chaffAnswers } from './chaff.ts'
import type { Config } from './config.ts'
import { refuseEverything } from './maintenance.ts'
import { publishAnswers } from './publish-answer.ts'
import { publishV1, publishV1alpha1 } from './publish-api.ts'
import { mountPublish, type PublishRouteDeps } from './publish-route.ts'
import { mountStats, type StatsDeps } from './stats-route.ts'

export interface RouteDeps extends PublishRouteDeps, StatsDeps {
  config: PublishRouteDeps['config'] &
    StatsDeps['config'] &
    Pick<Config, 'limits' | 'maintenanceMode' | 'servesV1alpha1' | 'servesApiDocs'>
}

export async function routes(app: App, deps: RouteDeps): Promise<void> {
  const { limits, maintenanceMode, servesV1alpha1, servesApiDocs } = deps.config
  if (maintenanceMode) refuseEverything(app)
  const guarded = { ...deps, guard: await guardRoutes(app, limits) }
  await app.register(async (scope: App) => mountPublish(scope, '/v1/publish', publishV1, guarded))
  if (servesV1alpha1)
    await app.register(async (scope: App) => mountPublish(scope, '/', publishV1alpha1, guarded))
  const { typicalBody } = publishAnswers(publishV1, deps)
  const stats = { ...guarded, answerChaff: chaffAnswers({ ...deps, typicalBody }) }
  await app.register(async (scope: App) => mountStats(scope, '/v1/stats', stats))
  if (servesApiDocs) mountApiDocs(app)
}
