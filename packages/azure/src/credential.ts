import type { TokenCredential } from '@azure/identity'

export type { TokenCredential } from '@azure/identity'

/**
 * The platform's usual chain: variables (`AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, …), workload identity, managed identity, the
 * login of a developer's tools. Tokens are fetched when first needed and renewed before they end.
 */
export async function defaultCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity')
  return new DefaultAzureCredential()
}
