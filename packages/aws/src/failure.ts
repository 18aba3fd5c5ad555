/** What is kept of an error of the SDK: nothing that could hold a credential, a header or a text of the other end. */
export class AwsFailure extends Error {
  override readonly name: string
  /** What the service calls it (`AccessDenied`), or the system (`ECONNREFUSED`). */
  readonly reason: string
  /** The HTTP status of the answer; undefined if there was none. */
  readonly status: number | undefined
  /** For AWS's support. */
  readonly requestId: string | undefined

  constructor(reason: string, status?: number, requestId?: string) {
    super(status === undefined ? reason : `${reason} (HTTP ${status})`)
    this.name = 'AwsFailure'
    this.reason = reason
    this.status = status
    this.requestId = requestId
  }
}

const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

/** Keeps name, status, request id and system code of whatever an SDK client threw. */
export function failureOf(error: unknown): AwsFailure {
  if (error instanceof AwsFailure) return error
  const {
    name,
    code,
    $metadata = {},
  } = (error ?? {}) as {
    name?: unknown
    code?: unknown
    $metadata?: { httpStatusCode?: number; requestId?: string }
  }
  const status = $metadata.httpStatusCode
  // An answer is called by its own name; what never became one by the system's.
  const reason = [status === undefined ? code : name, name].find(isWord)
  return new AwsFailure(reason ?? 'unknown', status, $metadata.requestId)
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && WORD.test(value)
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html, the same for S3, and no credentials at all */
const REFUSALS: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'NotAuthorized',
  'OptInRequired',
  'TokenProviderError',
  'TokenRefreshRequired',
  'UnrecognizedClientException',
])

/** Whether permission is missing, or the credentials are: the operator has to do something. */
export function isRefused({ reason, status }: AwsFailure): boolean {
  return status === 401 || status === 403 || REFUSALS.has(reason)
}
