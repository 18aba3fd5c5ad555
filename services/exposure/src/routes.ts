import type { App } from '@ens/server'
import { publishV1 } from './publish-api.ts'
import { mountPublish, type PublishRouteDeps } from './publish-route.ts'

/** The second for an encoded slash, which is a slash for the reference server. */
const PUBLISH_PATHS = ['/v1/publish', '/:path(^v1/publish$)']

export async function routes(app: App, deps: PublishRouteDeps): Promise<void> {
  await app.register(async (scope: App) => mountPublish(scope, PUBLISH_PATHS, publishV1, deps))
}
