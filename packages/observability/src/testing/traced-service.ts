import { createRequire, registerHooks } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { ObservabilityConfig } from '../config.ts'

/*
 * A service that answers one request of its own and ends, to be run as a process: tracing changes modules for good. Prints
 * which modules of OpenTelemetry it loaded and how long the answers took, and logs to stderr.
 */

const loaded = new Set<string>()
registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier.startsWith('@opentelemetry/')) loaded.add(specifier)
    return next(specifier, context)
  },
})

const { counter, createLogger, nameRequestSpan, startTelemetry } = await import('../index.ts')
const config: ObservabilityConfig = JSON.parse(process.argv[2] ?? '')
const logger = await createLogger(config, 'traced', process.stderr)
const takesOverTraces = process.argv[3] === 'takes-over'
const telemetry = await startTelemetry(config, 'traced', { logger, takesOverTraces })
const requests = counter('en-server/requests_count', {
  description: 'Requests answered.',
  labels: { route: 'the pattern' },
})

const { createServer }: typeof import('node:http') = createRequire(import.meta.url)('node:http')
const server = createServer((request, reply) => {
  nameRequestSpan(request.method ?? '', '/v1/publish')
  requests.add(1, { route: '/v1/publish' })
  reply.end()
})
const { promise: listening, resolve } = Promise.withResolvers<void>()
server.listen(0, '127.0.0.1', resolve)
await listening
const { port } = server.address() as AddressInfo
const startedAt = performance.now()
for (const path of ['/v1/publish?token=hunter2', '/health'])
  await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: {
      'user-agent': 'hunter2',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
  })
const answeredMs = performance.now() - startedAt
server.closeAllConnections()
server.close()
await telemetry.shutdown()
process.stdout.write(JSON.stringify({ loaded: [...loaded], answeredMs }))
process.exit(0)
