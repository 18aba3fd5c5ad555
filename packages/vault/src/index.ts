export { openVault, type Vault, type VaultAnswer, type VaultRequest } from './client.ts'
export type { VaultConfig } from './config.ts'
export { pathSegments } from './path.ts'
export { isVaultUnreachable } from './unreachable.ts'
