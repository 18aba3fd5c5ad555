export { openSecretManager, type SecretsConfig, secretsConfig } from './config.ts'
export * from './errors.ts'
export { resolveReferences } from './references.ts'
export type { SecretManager } from './secret-manager.ts'
