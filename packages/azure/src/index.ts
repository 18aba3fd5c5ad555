export { defaultCredential, type TokenCredential } from './credential.ts'
export { type AzureFailure, azureFailure } from './failure.ts'
export { type KeyVaultAccess, keyVault } from './key-vault.ts'
export { type RetryOptions, retrying } from './retrying.ts'
