import { status } from '@grpc/grpc-js'

export { status } from '@grpc/grpc-js'

/** A call that a service of Google did not carry out. Holds nothing of request or answer but what it names. */
export class GoogleFailure extends Error {
  override readonly name = 'GoogleFailure'
  /** The gRPC status. */
  readonly status: number
  /** In which state a version of a secret is, such as DISABLED, if that is why the call failed. */
  readonly state: string | undefined

  constructor(message: string, code: number, state?: string) {
    super(message)
    this.status = code
    this.state = state
  }
}

export function hasStatus(error: unknown, ...statuses: status[]): boolean {
  return error instanceof GoogleFailure && statuses.includes(error.status)
}

/** What google-gax adds to an error of gRPC: `reason` and `errorInfoMetadata` are those of google.rpc.ErrorInfo. */
interface GaxError {
  code?: unknown
  details?: unknown
  reason?: unknown
  errorInfoMetadata?: { permission?: unknown }
}

/** How Secret Manager tells of a version that is not enabled; it has no words for machines. */
const STATED = /^Secret Version \[[^\]]{1,500}\] is in ([A-Z_]{1,40}) state\b/

/** Leaves behind what may hold a token or what was asked: texts of the server, metadata, earlier errors. */
export function failureOf(service: string, error: unknown): GoogleFailure {
  const { code, details, reason, errorInfoMetadata } = error as GaxError
  const number = typeof code === 'number' ? code : status.UNKNOWN
  const state = STATED.exec(String(details))?.[1]
  const words = [reason, errorInfoMetadata?.permission, state].filter(isWord).join(' ')
  const why = words === '' ? '' : ` (${words})`
  return new GoogleFailure(`${service} answered ${status[number] ?? number}${why}`, number, state)
}

/** Whether a call was not sent because there was no token to send; gRPC has no status for that. */
export function lacksToken(error: unknown): boolean {
  return /^Getting metadata from plugin failed/.test(String((error as GaxError).details))
}

/** What it means that a token could not be had. Only a token service that answers, and gives none, refuses. */
export function failureOfToken(error: unknown): GoogleFailure {
  const { response } = error as { response?: { status?: number } }
  const isOutage = error instanceof Error && 'config' in error && (response?.status ?? 500) >= 500
  return isOutage
    ? new GoogleFailure('the token service did not answer', status.UNAVAILABLE)
    : new GoogleFailure('there are no usable Google credentials', status.UNAUTHENTICATED)
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.]{1,80}$/.test(value)
}
