import type { PipelinePolicy } from '@azure/core-rest-pipeline'
import { boundedAnswers } from './bounded-answers.ts'

/** Where a vault is, and how its clients behave. */
export interface KeyVaultAccess {
  url: string
  options: {
    disableChallengeResourceVerification: boolean
    retryOptions: { maxRetries: number }
    additionalPolicies: { policy: PipelinePolicy; position: 'perRetry' }[]
  }
}

const PLACEHOLDER = '{vault}'

/**
 * The vault of that name under an endpoint such as `https://{vault}.vault.azure.net`. A vault asks for a token by naming the
 * cloud's domain, which must be its own, so that no other host gets one; an endpoint without `{vault}` is one server
 * that the operator vouches for, wherever it is. The SDK's own retries, which leave out a 429 without `Retry-After`, are off.
 */
export function keyVault(endpoint: string, vault: string): KeyVaultAccess {
  return {
    url: endpoint.replace(PLACEHOLDER, vault),
    options: {
      disableChallengeResourceVerification: !endpoint.includes(PLACEHOLDER),
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [{ policy: boundedAnswers, position: 'perRetry' }],
    },
  }
}
