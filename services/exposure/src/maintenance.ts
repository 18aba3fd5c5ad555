import type { App } from '@ens/server'
import { sendTryLater } from './try-later.ts'

/** These say whether the process lives, not whether it serves. */
const PROBES = ['/livez', '/readyz']

/** When to come back; nobody knows how long it will take. */
const RETRY_AFTER_SECONDS = 60

/** Refuses every request, chaff and health included, so that nothing is asked of a database that is being worked on. */
export function refuseEverything(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    const { url } = request.routeOptions
    if (url === undefined || PROBES.includes(url)) return
    await sendTryLater(reply, RETRY_AFTER_SECONDS)
  })
}
