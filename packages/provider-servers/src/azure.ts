export { type Azurite, type AzuriteOptions, startAzurite } from './azure/azurite.ts'
export { type BlobFront, blobFront } from './azure/blob-front.ts'
export { type KeyVaultServer, startKeyVault } from './azure/key-vault.ts'
