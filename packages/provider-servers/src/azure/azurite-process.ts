import { createRequire } from 'node:module'
import { join } from 'node:path'

// The process of Azurite: `azurite-process.ts <folder or nothing> <port> [certificate key]`. It ends when its starter lets go of it or dies.

interface BlobServer {
  start(): Promise<void>
  close(): Promise<void>
  getHttpServerAddress(): string
}

const [, , folder = '', port = '0', certificate, key] = process.argv
const KEEP_ALIVE_SECONDS = 5

/**
 * The classes behind the command `azurite-blob`, which has no way to be told that its starter is gone. The package gives them no
 * types. Its telemetry belongs to the command and does not start here.
 */
function azuriteServer(): BlobServer {
  const require = createRequire(import.meta.url)
  const { default: Server } = require('azurite/dist/src/blob/BlobServer')
  const { default: Configuration } = require('azurite/dist/src/blob/BlobConfiguration')
  const path = (name: string) => join(folder, name)
  const places = [{ locationId: 'Default', locationPath: path('blobs'), maxConcurrency: 50 }]
  const accessLog = [false, undefined]
  const debugLog = [false, undefined]
  const [isLoose, skipApiVersionCheck, isInMemory] = [false, true, folder === '']
  const password = undefined
  const tls = [certificate, key, password, certificate && 'basic'] // checks the claims of tokens
  const disableProductStyleUrl = true
  return new Server(
    new Configuration(
      '127.0.0.1',
      Number(port),
      KEEP_ALIVE_SECONDS,
      path('blobs.json'),
      path('extents.json'),
      places,
      ...accessLog,
      ...debugLog,
      isLoose,
      skipApiVersionCheck,
      ...tls,
      disableProductStyleUrl,
      isInMemory,
    ),
  )
}

// Ctrl-C on a terminal reaches every process of it; the starter decides when we end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const server = azuriteServer()
process.once('disconnect', () => {
  void server.close().finally(() => process.exit())
})
await server.start()
process.send?.(server.getHttpServerAddress())
