import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { performance } from 'node:perf_hooks'
import { isTracing, type Logger, requestLogger } from '@ens/observability'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { withPlainSlashes } from './clean-path.ts'
import type { ServerConfig } from './config.ts'
import { watchConnections } from './connections.ts'
import { errorHandler } from './error-handler.ts'
import { mountHealth } from './health.ts'
import { recordRequests } from './metrics.ts'
import { notFoundHandler } from './not-found.ts'
import { keepContext } from './request-context.ts'
import { traceFields } from './trace.ts'

export type App = ReturnType<typeof createApp>

export interface AppOptions {
  server: ServerConfig
  logger: Logger
  /** Throws when the service cannot do its work for now; a look at the database. */
  ready: () => Promise<unknown>
  /** Largest body in bytes that a route reads; bodies are not read unless a service adds a parser. */
  bodyLimit?: number
  /** The Google Cloud project, when log lines are to be linked with its traces. */
  projectId?: string | undefined
  /** Proxies whose `X-Forwarded-For` is believed: addresses and networks. None unless said. */
  trustedProxies?: readonly string[]
}

/**
 * What every service has in common: logging, request ids, time-outs for slow clients and a bound on how many there are, one way to answer errors, and health.
 * Request bodies are thrown away; a service that reads them adds a content type parser.
 */
export function createApp(options: AppOptions) {
  const { server, logger, ready, bodyLimit, projectId, trustedProxies = [] } = options
  const linkOf = (message: IncomingMessage) => (isTracing() ? {} : traceFields(message, projectId))
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    genReqId: () => randomUUID(),
    rewriteUrl: ({ url = '/' }) => withPlainSlashes(url),
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    childLoggerFactory: (parent, bindings, _, request) =>
      requestLogger(parent as Logger, { ...bindings, ...linkOf(request) }),
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    requestTimeout: server.requestTimeoutMs,
    keepAliveTimeout: server.keepAliveTimeoutMs,
    http: { headersTimeout: server.headersTimeoutMs, connectionsCheckingInterval: 1000 },
    // While stopping, requests in hand are served; all other connections are closed at once.
    return503OnClosing: false,
    schemaController,
    forceCloseConnections: 'idle',
    ...(bodyLimit !== undefined && { bodyLimit }),
  }).withTypeProvider<ZodTypeProvider>()
  acceptAnyMethod(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, body, done) => {
    body.resume()
    done(null)
  })
  app.setErrorHandler(errorHandler)
  app.setNotFoundHandler(notFoundHandler)
  keepContext(app, linkOf)
  recordRequests(app)
  closeConnectionsWhenStopping(app, watchConnections(app.server, server.maxConnections))
  mountHealth(app, ready, () => performance.now())
  return app
}

/** Said here and not by setters, because Fastify would load its own compilers first: a hundred modules of ajv and others. */
const schemaController = {
  compilersFactory: {
    // What they compile is zod's, not JSON Schema, which the types of Fastify expect here.
    buildValidator: () => validatorCompiler as never,
    buildSerializer: () => serializerCompiler as never,
  },
}

/** Not imported: names of `node:http` as an ES module load its WebSocket, and with it a whole HTTP client, 15 MB. */
const { METHODS } = process.getBuiltinModule('node:http')

/** `all` then means every method that HTTP knows, and each may have a body. CONNECT never reaches a route. */
function acceptAnyMethod(app: Pick<FastifyInstance, 'addHttpMethod'>): void {
  for (const method of METHODS)
    if (method !== 'CONNECT') app.addHttpMethod(method, { hasBody: true, overrideExisting: true })
}

/**
 * Once the service is stopping, connections without a complete request end at once, the others with the
 * reply in hand: kept alive, or waited for, they would keep the service from stopping.
 */
function closeConnectionsWhenStopping(
  app: Pick<FastifyInstance, 'addHook'>,
  cutUnfinished: () => void,
): void {
  let stopping = false
  app.addHook('preClose', async () => {
    stopping = true
    cutUnfinished()
  })
  app.addHook('onSend', async (_, reply) => {
    if (stopping) void reply.header('connection', 'close')
  })
}
