import { randomBytes } from 'node:crypto'

const LIFETIME_SECONDS = 3600
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** What a Google client library takes as the contents of `GOOGLE_APPLICATION_CREDENTIALS`. */
export interface Credentials {
  type: 'external_account'
  audience: string
  subject_token_type: string
  token_url: string
  credential_source: { url: string; headers: Record<string, string> }
}

/**
 * Gives out access tokens as Google's Security Token Service does to workloads of other clouds: the workload's own token (fetched
 * from `/subject-token`) is exchanged at `/v1/token` (RFC 8693).
 */
export interface Access {
  credentials(origin: string): Credentials
  subjectToken(headers: NodeJS.Dict<string | string[]>): string | undefined
  /** A token for whoever asks. */
  issue(): { access_token: string; token_type: 'Bearer'; expires_in: number }
  /** Undefined unless the form asks for an exchange of our subject token. */
  exchange(form: URLSearchParams): object | undefined
  /** Whether the value of an `Authorization` header holds a token that was given out and not taken back. */
  admits(authorization: string | undefined): boolean
  revokeTokens(): void
  /** How many tokens were given out. */
  readonly issued: number
}

export function tokenAccess(): Access {
  const secret = randomBytes(24).toString('base64url')
  const subject = randomBytes(24).toString('base64url')
  const tokens = new Set<string>()
  let issued = 0
  const issue = () => {
    const token = `ya29.${randomBytes(24).toString('base64url')}`
    tokens.add(token)
    issued++
    return { access_token: token, token_type: 'Bearer' as const, expires_in: LIFETIME_SECONDS }
  }
  return {
    issue,
    credentials: (origin) => ({
      type: 'external_account',
      audience:
        '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${origin}/v1/token`,
      credential_source: { url: `${origin}/subject-token`, headers: { 'x-secret': secret } },
    }),
    subjectToken: (headers) => (headers['x-secret'] === secret ? subject : undefined),
    exchange(form) {
      if (form.get('grant_type') !== EXCHANGE) return undefined
      if (form.get('subject_token') !== subject) return undefined
      if (!form.get('scope')?.includes('https://www.googleapis.com/auth/')) return undefined
      return { ...issue(), issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
    },
    admits: (authorization) => tokens.has(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? ''),
    revokeTokens: () => tokens.clear(),
    get issued() {
      return issued
    },
  }
}
