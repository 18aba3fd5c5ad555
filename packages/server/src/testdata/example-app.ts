import type { z } from 'zod'
import { type App, createApp } from '../app.ts'
import type { ServiceContext } from '../start.ts'
import type { config } from './example-config.ts'

/** `/slow` is answered once the service was told to stop, `/stuck` and `/unread` never; `/fault` breaks something that nobody awaits. */
export function buildApp({ server }: z.output<typeof config>, { logger }: ServiceContext): App {
  const app = createApp({ server, logger, ready: async () => 'well' })
  const stopping = Promise.withResolvers<void>()
  app.addHook('preClose', async () => stopping.resolve())
  app.get('/slow', async (request) => {
    request.log.info('slow request begun')
    await stopping.promise
    return 'done'
  })
  app.get('/stuck', (request) => {
    request.log.info('stuck request begun')
    return Promise.withResolvers<void>().promise
  })
  app.post('/unread', async () => Promise.withResolvers<void>().promise)
  app.get('/fault', async () => {
    setImmediate(() => {
      throw new Error('nobody awaits this')
    })
    return 'soon'
  })
  app.addHook('onClose', async () => logger.info('closed what the app had opened'))
  return app
}
