import { AppError, type ErrorKind, isAppError } from '@ens/errors'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { badRequest } from './errors.ts'

const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  unavailable: 503,
  internal: 500,
}

/** Seconds after which a client may try again what failed for reasons of ours. */
export const RETRY_AFTER_SECONDS = 10

/** The HTTP status of an error: its API's own, or its kind's. */
export function statusOf(error: AppError): number {
  return error.status ?? STATUS[error.kind]
}

/** Any error as a coded one: what a handler threw, what the framework refused, or an unexpected fault. */
export function asAppError(error: unknown): AppError {
  if (isAppError(error)) return error
  const { statusCode = 500, message } = error as Partial<FastifyError>
  if (statusCode < 500) return badRequest(message, { cause: error })
  return new AppError('internal', 'internal_error', 'internal error', { cause: error })
}

/** Answers every error in one shape. An internal one tells the client nothing; a passing one says when to come back. */
export function errorHandler(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = asAppError(error)
  const status = statusOf(known)
  logError(request, known)
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply.code(status).send({
    code: known.code,
    error: known.kind === 'internal' ? 'internal error' : known.message,
  })
}

/** Faults of ours are errors with their cause, passing ones warnings, the client's own mistakes are information. */
export function logError(request: Pick<FastifyRequest, 'log'>, error: AppError): void {
  const details = { code: error.code }
  if (error.kind === 'internal') request.log.error({ ...details, err: error }, 'request failed')
  else if (error.kind === 'unavailable')
    request.log.warn({ ...details, err: error }, 'request cannot be served for now')
  else request.log.info(details, 'request refused')
}
