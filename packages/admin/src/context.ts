import { type Database, type DatabaseConfig, openDatabase } from '@ens/database'
import { type KeyManager, openKeyManager } from '@ens/keys'
import { loadConfigWithSecrets } from '@ens/secrets'
import { configCommands, keyCommands } from './config.ts'
import type { AdminDeps, ConfigDeps } from './deps.ts'

/** What commands work on, opened when a command first needs it, so that listing apps asks for no key manager. */
export interface Context {
  databaseConfig(): Promise<DatabaseConfig>
  forConfiguration(): Promise<ConfigDeps & { db: Database }>
  forKeys(): Promise<Pick<AdminDeps, 'keyManager' | 'now'>>
  forBoth(): Promise<AdminDeps & { db: Database }>
  now: () => Date
  print(result: unknown): void
  close(): Promise<void>
}

export interface ContextOptions {
  variables: Record<string, string | undefined>
  now: () => Date
  print(result: unknown): void
}

export function openContext({ variables, now, print }: ContextOptions): Context {
  let db: Database | undefined
  let keyManager: KeyManager | undefined
  const databaseConfig = async () => {
    const { config } = await loadConfigWithSecrets(configCommands, variables, now)
    return config.database
  }
  const forConfiguration = async () => {
    db ??= openDatabase(await databaseConfig())
    return { db, now }
  }
  const forKeys = async () => {
    const { config } = await loadConfigWithSecrets(keyCommands, variables, now)
    keyManager ??= await openKeyManager(config.keys, now)
    return { keyManager, now }
  }
  return {
    databaseConfig,
    forConfiguration,
    forKeys,
    forBoth: async () => ({ ...(await forConfiguration()), ...(await forKeys()) }),
    now,
    print,
    close: async () => db?.close(),
  }
}
