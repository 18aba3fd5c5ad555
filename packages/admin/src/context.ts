import { loadConfig } from '@ens/config'
import { type Database, type DatabaseConfig, openDatabase } from '@ens/database'
import { type KeyManager, openKeyManager } from '@ens/keys'
import { configCommands, keyCommands } from './config.ts'
import type { AdminDeps, ConfigDeps } from './deps.ts'

/** What commands work on, opened when a command first needs it, so that listing apps asks for no key manager. */
export interface Context {
  databaseConfig(): DatabaseConfig
  forConfiguration(): ConfigDeps & { db: Database }
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
  let keyManager: Promise<KeyManager> | undefined
  const databaseConfig = () => loadConfig(configCommands, variables).database
  const forConfiguration = () => {
    db ??= openDatabase(databaseConfig())
    return { db, now }
  }
  const forKeys = async () => {
    keyManager ??= openKeyManager(loadConfig(keyCommands, variables).keys)
    return { keyManager: await keyManager, now }
  }
  return {
    databaseConfig,
    forConfiguration,
    forKeys,
    forBoth: async () => ({ ...forConfiguration(), ...(await forKeys()) }),
    now,
    print,
    close: async () => db?.close(),
  }
}
