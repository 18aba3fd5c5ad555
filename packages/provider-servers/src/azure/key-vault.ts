export interface KeyVaultServer { close(): Promise<void> }
export async function startKeyVault(): Promise<KeyVaultServer> { throw new Error('soon') }
