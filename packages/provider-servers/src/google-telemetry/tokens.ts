import { randomBytes } from 'node:crypto'

/** Access tokens as the metadata server of a machine gives them out, each for some scopes. */
export interface Tokens {
  give(scopes: readonly string[]): string
  /** Whether the header holds a token that was given out for this scope. */
  permits(authorization: string | undefined, scope: string): boolean
}

export function accessTokens(): Tokens {
  const scopesOf = new Map<string, readonly string[]>()
  return {
    give(scopes) {
      const token = randomBytes(24).toString('base64url')
      scopesOf.set(token, scopes)
      return token
    },
    permits(authorization = '', scope) {
      return scopesOf.get(authorization.replace(/^Bearer /, ''))?.includes(scope) ?? false
    },
  }
}
