import { status } from '@grpc/grpc-js'
import { keyAccessDenied, keyManagerUnavailable, keyNotFound, invalidKeyId } from '../errors.ts'
import { isKeyId, isKeyVersionId } from './kms-names.ts'

/** A call that Cloud KMS did not carry out. Holds nothing of request or answer but what it names. */
export class KmsFailure extends Error {
  override readonly name = 'KmsFailure'
  /** The gRPC status. */
  readonly status: number

  constructor(message: string, code: number) {
    super(message)
    this.status = code
  }
}

/** What google-gax adds to an error of gRPC: `reason` and `errorInfoMetadata` are those of google.rpc.ErrorInfo. */
export interface GaxError extends Error {
  code?: unknown
  details?: unknown
  reason?: unknown
  errorInfoMetadata?: { permission?: unknown }
}

/** Leaves behind what may hold a token or what was asked: texts of the server, metadata, earlier errors. */
export function failureOf(error: unknown): KmsFailure {
  const { code, reason, errorInfoMetadata } = error as GaxError
  const number = typeof code === 'number' ? code : status.UNKNOWN
  const words = [reason, errorInfoMetadata?.permission].filter(isWord).join(' ')
  const why = words === '' ? '' : ` (${words})`
  return new KmsFailure(`Cloud KMS answered ${status[number] ?? number}${why}`, number)
}

/** Whether a call was not sent because there was no token to send; it has no status of its own. */
export function lacksToken({ details }: GaxError): boolean {
  return /^Getting metadata from plugin failed/.test(String(details))
}

/** What it means that a token could not be had. Only a token service that answers, and agrees to nothing, refuses. */
export function failureOfToken(error: unknown): KmsFailure {
  const { response } = error as { response?: { status?: number } }
  const isOutage = error instanceof Error && 'config' in error && (response?.status ?? 500) >= 500
  return isOutage
    ? new KmsFailure('the token service did not answer', status.UNAVAILABLE)
    : new KmsFailure('there are no usable Google credentials', status.UNAUTHENTICATED)
}

export function hasStatus(error: unknown, ...statuses: status[]): boolean {
  return error instanceof KmsFailure && statuses.includes(error.status)
}

/** The failure of a call with a key or version, as this package's callers know it. */
export function translated(cause: unknown, id: string): unknown {
  if (!(cause instanceof KmsFailure)) return cause
  switch (cause.status) {
    case status.NOT_FOUND:
      return keyNotFound(`there is no key or key version ${id}`, { cause })
    case status.FAILED_PRECONDITION:
      return keyNotFound(`${id} cannot be used: disabled, destroyed or not made yet`, { cause })
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return keyAccessDenied(`Cloud KMS refuses this process ${id}`, { cause })
    case status.INVALID_ARGUMENT:
      if (isKeyId(id) || isKeyVersionId(id)) break
      return invalidKeyId(`${JSON.stringify(id)} is not the name of a key of Cloud KMS`, { cause })
  }
  return keyManagerUnavailable(`Cloud KMS failed with ${id}`, { cause })
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.]{1,80}$/.test(value)
}
