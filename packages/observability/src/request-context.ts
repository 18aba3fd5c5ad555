import { AsyncLocalStorage } from 'node:async_hooks'
import type { Logger } from './logger.ts'
import { masked } from './mask.ts'
import { api } from './open-telemetry.ts'
import { isTracing } from './spans.ts'

/** What every log line of one request carries. */
export type LogFields = Readonly<Record<string, string>>

const current = new AsyncLocalStorage<LogFields>()

/** Where a logger keeps the fields of its request. */
const FIELDS = Symbol('the fields of its request')

/**
 * A way to run work as part of a request: each line that is logged in it, by whatever logger, carries the fields, and its spans
 * belong to the span that is active now. To be entered again where a framework has lost it, such as after a body was read.
 */
export function requestContext(fields: LogFields): (work: () => void) => void {
  const active = isTracing() ? api.context.active() : undefined
  return (work) =>
    current.run(fields, () => (active === undefined ? work() : api.context.with(active, work)))
}

/**
 * A logger for one request, which carries the fields wherever it is used. No child of pino's, which would prepare for
 * each request what at most one line of it needs.
 */
export function requestLogger(parent: Logger, fields: LogFields): Logger {
  return Object.assign(Object.create(parent) as Logger, { [FIELDS]: masked(fields) })
}

/** The fields of the request that a logger belongs to, or else of the one that is served now. */
export function fieldsOfRequest(logger: object): LogFields | undefined {
  return (logger as { [FIELDS]?: LogFields })[FIELDS] ?? current.getStore()
}
