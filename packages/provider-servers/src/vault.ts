export { type VaultServer, type VaultServerOptions, vaultServer } from './vault/server.ts'
