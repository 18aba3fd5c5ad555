import type { IncomingMessage } from 'node:http'
import { type LogFields, requestContext } from '@ens/observability'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * Has every log line that is written while a request is served carry its id, whoever writes it, and every span belong to its
 * trace. Entered a second time after the body was read: that goes on where the socket was served, not where the request began.
 */
export function keepContext(
  app: Pick<FastifyInstance, 'addHook'>,
  linkOf: (message: IncomingMessage) => LogFields,
): void {
  const contexts = new WeakMap<FastifyRequest, (work: () => void) => void>()
  app.addHook('onRequest', (request, _, done) => {
    const enter = requestContext({ request_id: request.id, ...linkOf(request.raw) })
    contexts.set(request, enter)
    enter(done)
  })
  app.addHook('preValidation', (request, _, done) => {
    const enter = contexts.get(request)
    if (enter) enter(done)
    else done()
  })
}
