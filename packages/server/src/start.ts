import { readFileSync } from 'node:fs'
import { setSourceMapsSupport } from 'node:module'
import { dirname, join } from 'node:path'
import { isAppError } from '@ens/errors'
import {
  createLogger,
  type Logger,
  logStartFailure,
  type observabilityConfig,
  startTelemetry,
} from '@ens/observability'
import { loadConfigWithSecrets } from '@ens/secrets'
import type { z } from 'zod'
import type { App } from './app.ts'
import type { serverConfig } from './config.ts'
import { stopOnSignal } from './stop.ts'

type ServiceConfig = z.ZodObject<{
  server: typeof serverConfig
  observability: typeof observabilityConfig
}>

/** What a service is handed besides its settings. Tests hand in their own. */
export interface ServiceContext {
  logger: Logger
  now: () => Date
}

/** The module that holds a service. It is loaded after telemetry is up, which instruments what it imports. */
export interface ServiceModule<Config> {
  buildApp(config: Config, context: ServiceContext): App | Promise<App>
}

export interface StartOptions {
  /**
   * Whether a request goes on with the trace that its caller names: for services that only our own scheduler calls. The public
   * does not decide what is traced, nor under which id.
   */
  takesOverTraces?: boolean
}

/**
 * Runs a service until it is told to stop (SIGTERM or SIGINT): settings with their secrets, telemetry, then the app. Stopping
 * lets requests in hand finish, closes what the app opened, and sends the last telemetry. Ends the process with
 * status 1 when it could not start, or had to cut requests in order to stop.
 */
export async function start<Schema extends ServiceConfig>(
  schema: Schema,
  load: () => Promise<ServiceModule<z.output<Schema>>>,
  options: StartOptions = {},
): Promise<void> {
  // Of what is loaded from here on, but not of libraries, whose maps take a tenth of the start to read.
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false })
  const service = serviceName()
  try {
    await run(service, schema, load, options)
  } catch (error) {
    await logStartFailure(service, error)
    process.exit(1)
  }
}

async function run<Schema extends ServiceConfig>(
  service: string,
  schema: Schema,
  load: () => Promise<ServiceModule<z.output<Schema>>>,
  options: StartOptions,
): Promise<void> {
  const now = () => new Date()
  let logger: Logger | undefined
  const { config, shown } = await loadConfigWithSecrets(schema, process.env, now, {
    onTrouble: (error) => logger?.warn({ code: codeOf(error) }, OLD_SECRET_SERVES),
  })
  const { server, observability } = config
  logger = await createLogger(observability, service)
  logger.info({ settings: shown }, 'starting')
  endOnFault(logger)
  const telemetry = await startTelemetry(observability, service, { logger, ...options })
  const [{ buildApp }, { listen }] = await Promise.all([load(), import('./listen.ts')])
  const app = await buildApp(config, { logger, now })
  stopOnSignal(app, telemetry, logger, server.shutdownTimeoutMs)
  await listen(app, server)
}

const OLD_SECRET_SERVES =
  'the secret manager is in trouble; the last value of a secret serves on, for SECRET_CACHE_STALE at most'

/** The message of an error may name the secret; its code does not. */
function codeOf(error: unknown): string {
  return isAppError(error) ? error.code : 'timed_out'
}

/** What nobody caught leaves the process in a state that nobody knows. */
function endOnFault(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'ended by a fault that nothing caught')
    process.exit(1)
  })
}

/** The name of the package whose main file runs, without its scope. */
function serviceName(): string {
  for (
    let folder = dirname(process.argv[1] ?? '');
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    const name = packageName(join(folder, 'package.json'))
    if (name !== undefined) return name.replace(/^@[^/]*\//, '')
  }
  return 'service'
}

function packageName(file: string): string | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).name
  } catch {
    return undefined
  }
}
