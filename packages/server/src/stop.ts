import type { Logger } from '@ens/observability'
import type { App } from './app.ts'

/** Beyond the grace: longest to close what the app opened, and to send the last telemetry. */
const LAST_MS = 5000

/**
 * Stops the service at the first SIGINT or SIGTERM, and ends the process: with status 0, or with 1 if a
 * reply had to be cut after the grace, or something could not be closed.
 */
export function stopOnSignal(
  app: App,
  telemetry: { shutdown(): Promise<void> },
  logger: Logger,
  graceMs: number,
): void {
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    logger.info({ signal }, 'stopping: requests in hand finish first')
    const grace = cutAfter(graceMs, app, logger)
    const isClosed = await succeeds(() => app.close(), logger)
    const isSent = await succeeds(() => telemetry.shutdown(), logger)
    logger.info('stopped')
    process.exit(isClosed && isSent && !grace.hasCut() ? 0 : 1)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))
}

/** Cuts what is open after the grace, so that the rest can be closed; ends the process if even that does not end. */
function cutAfter(graceMs: number, { server }: App, logger: Logger): { hasCut(): boolean } {
  let cut = 0
  setTimeout(() => {
    setTimeout(() => {
      logger.error(`not stopped ${LAST_MS} ms after the grace; what is open is left so`)
      process.exit(1)
    }, LAST_MS)
    server.getConnections((_, open) => {
      cut = open
      if (open > 0)
        logger.error(
          { connections: open },
          `not answered within ${graceMs} ms; connections are cut`,
        )
      server.closeAllConnections()
    })
  }, graceMs)
  return { hasCut: () => cut > 0 }
}

async function succeeds(close: () => PromiseLike<unknown>, logger: Logger): Promise<boolean> {
  try {
    await close()
    return true
  } catch (error) {
    logger.error({ err: error }, 'stopping failed')
    return false
  }
}
