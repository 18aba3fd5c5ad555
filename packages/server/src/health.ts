import type { App } from './app.ts'

const CACHED_MS = 1000

/**
 * Mounts `/health` as the reference server answers it (database included, result kept a second), `/livez` (this process
 * only, so that a database outage does not restart the fleet) and `/readyz` (with the database).
 */
export function mountHealth(app: App, ready: () => Promise<unknown>, now: () => number): void {
  const isReady = cachedCheck(ready, now)
  app.all('/health', async (request, reply) => {
    const well = await isReady((error) => request.log.warn({ err: error }, 'health check failed'))
    void reply.type('text/plain; charset=utf-8')
    if (well) return reply.send('{"status": "ok"}')
    return reply
      .code(500)
      .header('x-content-type-options', 'nosniff')
      .send('Internal Server Error\n')
  })
  app.all('/livez', async (_, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'))
  app.all('/readyz', async (_, reply) => {
    void reply.type('text/plain; charset=utf-8')
    return (await isReady(() => {})) ? reply.send('ok\n') : reply.code(503).send('not ready\n')
  })
}

/** Looks at most once a second, however many ask, and keeps bad news as long as good. */
function cachedCheck(ready: () => Promise<unknown>, now: () => number) {
  let result: Promise<boolean> | undefined
  let takenAt = 0
  return (onFailure: (error: unknown) => void): Promise<boolean> => {
    if (result && now() - takenAt < CACHED_MS) return result
    takenAt = now()
    result = ready().then(
      () => true,
      (error: unknown) => {
        onFailure(error)
        return false
      },
    )
    return result
  }
}
