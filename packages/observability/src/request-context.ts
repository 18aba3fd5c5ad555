import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChildLoggerOptions } from 'pino'
import type { Logger } from './logger.ts'
import { masked } from './mask.ts'
import { api } from './open-telemetry.ts'
import { isTracing } from './spans.ts'

/** What every log line of one request carries. */
export type LogFields = Readonly<Record<string, string>>

const current = new AsyncLocalStorage<LogFields>()

/** Marks loggers that have the fields of their request already. */
const HAS_FIELDS = Symbol('has the fields of its request')

/**
 * A way to run work as part of a request: each line that is logged in it, by whatever logger, carries the fields, and its spans
 * belong to the span that is active now. To be entered again where a framework has lost it, such as after a body was read.
 */
export function requestContext(fields: LogFields): (work: () => void) => void {
  const active = isTracing() ? api.context.active() : undefined
  return (work) =>
    current.run(fields, () => (active === undefined ? work() : api.context.with(active, work)))
}

/** A logger for one request, which carries the fields wherever it is used. */
export function requestLogger(
  parent: Logger,
  fields: LogFields,
  options?: ChildLoggerOptions,
): Logger {
  return Object.assign(parent.child(masked(fields), options), { [HAS_FIELDS]: true })
}

/** The fields of the request that is served now, unless the logger has them. */
export function fieldsOfRequest(logger: object): LogFields | undefined {
  return HAS_FIELDS in logger ? undefined : current.getStore()
}
