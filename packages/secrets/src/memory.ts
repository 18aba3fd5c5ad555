import { secretNotFound } from './errors.ts'
import type { SecretManager, SecretValue } from './secret-manager.ts'

/** For tests: holds what it is given, and nothing by default. */
export function memorySecretManager(
  secrets: Readonly<Record<string, SecretValue>> = {},
): SecretManager {
  const known = new Map(Object.entries(secrets))
  return {
    async get(name) {
      const value = known.get(name)
      if (value === undefined) throw secretNotFound(`there is no secret ${name}`)
      return value
    },
  }
}
