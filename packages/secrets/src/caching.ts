import type { SecretManager } from './secret-manager.ts'

export interface CachingOptions {
  ttlMs: number
  now: () => Date
}

/** Asks for each secret once per `ttlMs`, however many want it; a failure is not remembered. */
export function cachingSecretManager(
  inner: SecretManager,
  { ttlMs, now }: CachingOptions,
): SecretManager {
  const cache = new Map<string, { value: Promise<string>; expires: number }>()
  return {
    get(name) {
      const known = cache.get(name)
      if (known && known.expires > now().getTime()) return known.value
      const value = inner.get(name)
      const entry = { value, expires: now().getTime() + ttlMs }
      cache.set(name, entry)
      value.catch(() => cache.get(name) === entry && cache.delete(name))
      return value
    },
  }
}
