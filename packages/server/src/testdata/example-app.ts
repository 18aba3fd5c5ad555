import type { z } from 'zod'
import { type App, createApp } from '../app.ts'
import type { ServiceContext } from '../start.ts'
import type { config } from './example-config.ts'

/** Answers `/slow` after a while, so that a test can stop the service meanwhile. */
export function buildApp({ server }: z.output<typeof config>, { logger }: ServiceContext): App {
  const app = createApp({ server, logger, ready: async () => 'well' })
  app.get('/slow', async (request) => {
    request.log.info('slow request begun')
    await new Promise((resolve) => setTimeout(resolve, 300))
    return 'done'
  })
  app.addHook('onClose', async () => logger.info('closed what the app had opened'))
  return app
}
