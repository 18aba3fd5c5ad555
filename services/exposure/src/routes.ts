import type { App } from '@ens/server'
import { publishV1 } from './publish-api.ts'
import { mountPublish, type PublishRouteDeps } from './publish-route.ts'

/** An encoded slash is a slash, as for the reference server. */
const PUBLISH_PATHS = ['/v1/publish', '/v1%2Fpublish', '/v1%2fpublish']

export async function routes(app: App, deps: PublishRouteDeps): Promise<void> {
  await app.register(async (scope: App) => mountPublish(scope, PUBLISH_PATHS, publishV1, deps))
}
