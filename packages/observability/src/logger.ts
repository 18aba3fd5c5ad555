import { isAppError } from '@ens/errors'
import pino, { type DestinationStream } from 'pino'
import type { ObservabilityConfig } from './config.ts'
import { masked } from './mask.ts'
import { fieldsOfRequest } from './request-context.ts'
import { serializeError } from './serialize-error.ts'
import { fieldsOfSpan } from './spans.ts'

export type Logger = pino.Logger

/** Our level for each of the operators' words. */
const LEVELS = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
  ALERT: 'fatal',
  EMERGENCY: 'fatal',
} as const

/** What log collectors read as severity. `fatal` is for a service that cannot start. */
const SEVERITIES: Record<string, string> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'EMERGENCY',
}

type LoggerConfig = Pick<ObservabilityConfig, 'logLevel' | 'logMode'> &
  Partial<Pick<ObservabilityConfig, 'projectId'>>

/**
 * A logger that writes one line of JSON per event to stdout (text on a terminal): `severity`, `timestamp` (RFC 3339), `message`,
 * `service`, the fields of the request that is served and of the span that is traced, and what the event adds.
 */
export async function createLogger(
  { logLevel, logMode, projectId }: LoggerConfig,
  service: string,
  destination?: DestinationStream,
): Promise<Logger> {
  const options: pino.LoggerOptions = {
    level: LEVELS[logLevel],
    base: { service },
    messageKey: 'message',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: {
      level: (label) => ({ severity: SEVERITIES[label] ?? 'INFO' }),
      log: (fields) => masked(fields),
    },
    serializers: { err: serializeError },
    mixin: (_line, _level, logger) => ({ ...fieldsOfRequest(logger), ...fieldsOfSpan(projectId) }),
  }
  return pino(options, destination ?? (await stdout(logMode)))
}

async function stdout(mode: ObservabilityConfig['logMode']): Promise<DestinationStream> {
  const forPeople = mode === 'DEVELOPMENT' || (mode === 'AUTO' && process.stdout.isTTY)
  if (!forPeople) return pino.destination({ dest: 1, sync: true })
  const { default: pretty } = await import('pino-pretty')
  return pretty({
    sync: true,
    levelKey: 'severity',
    messageKey: 'message',
    timestampKey: 'timestamp',
    ignore: 'service',
    colorize: process.stdout.isTTY,
    customPrettifiers: {
      level: (severity, _key, _line, { colors }) => colors[colorOf(severity)](String(severity)),
    },
  })
}

function colorOf(severity: string | object): 'green' | 'yellow' | 'red' {
  if (severity === 'DEBUG' || severity === 'INFO') return 'green'
  return severity === 'WARNING' ? 'yellow' : 'red'
}

/** Says in one line that a service could not start, whatever is not configured yet. */
export async function logStartFailure(service: string, error: unknown): Promise<void> {
  const logger = await createLogger({ logLevel: 'INFO', logMode: 'AUTO' }, service)
  const message = error instanceof Error ? error.message : String(error)
  const details = isAppError(error) ? { code: error.code } : { err: error }
  logger.fatal(details, `${service} did not start: ${message}`)
}
