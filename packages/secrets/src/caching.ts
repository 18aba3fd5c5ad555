import { isAppError } from '@ens/errors'
import { secretNotFound } from './errors.ts'
import { untilAborted } from './guard.ts'
import type { SecretManager, SecretValue } from './secret-manager.ts'

export interface CachingOptions {
  ttlMs: number
  /** How much longer a secret serves when it cannot be read anew; 0 not at all. */
  staleMs?: number
  /** How long a secret that has served its time is waited for before the old one serves once more. */
  patienceMs?: number
  now: () => Date
  /** An old secret served, because of this. Neither name nor value is told. */
  onTrouble?: (error: unknown) => void
}

interface Known {
  value: SecretValue
  /** When the provider was asked for it last. */
  triedAt: number
  /** Until then nobody asks the provider, unless somebody doubts the value. */
  freshUntil: number
  /** Until then it serves in times of trouble. */
  usableUntil: number
}

/** Between two attempts in times of trouble. */
const RETRY_MS = 10_000
const PATIENCE_MS = 2000

/**
 * Asks for each secret once per `ttlMs`, however many want it. A failure is not remembered. When the provider is in trouble
 * (out of reach, slow, or it refuses us) the last value serves for `staleMs` more; a secret that is gone is gone at once.
 */
export function cachingSecretManager(inner: SecretManager, options: CachingOptions): SecretManager {
  const { ttlMs, staleMs = 0, patienceMs = PATIENCE_MS, now, onTrouble } = options
  const known = new Map<string, Known>()
  const reading = new Map<string, Promise<SecretValue>>()

  async function readAnew(name: string): Promise<SecretValue> {
    try {
      const value = await inner.get(name)
      const triedAt = now().getTime()
      const freshUntil = triedAt + ttlMs
      known.set(name, { value, triedAt, freshUntil, usableUntil: freshUntil + staleMs })
      return value
    } catch (error) {
      if (isGone(error)) known.delete(name)
      throw error
    } finally {
      reading.delete(name)
    }
  }

  function read(name: string): Promise<SecretValue> {
    const running = reading.get(name) ?? Promise.resolve().then(() => readAnew(name))
    reading.set(name, running)
    return running
  }

  async function readOrServe(name: string, old: Known): Promise<SecretValue> {
    try {
      return await within(patienceMs, read(name))
    } catch (error) {
      if (isGone(error)) throw error
      old.triedAt = now().getTime()
      old.freshUntil = Math.min(old.triedAt + RETRY_MS, old.usableUntil)
      onTrouble?.(error)
      return old.value
    }
  }

  return {
    async get(name, call) {
      const at = now().getTime()
      const old = known.get(name)
      const doubted = old && at - old.triedAt > (call?.maxAgeMs ?? Number.POSITIVE_INFINITY)
      if (old && at < old.freshUntil && !doubted) return old.value
      const usable = old && at < old.usableUntil
      return untilAborted(call?.signal, () => (usable ? readOrServe(name, old) : read(name)))
    },
  }
}

function isGone(error: unknown): boolean {
  return isAppError(error) && error.code === secretNotFound.code
}

async function within<T>(ms: number, running: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([running, late])
  } finally {
    clearTimeout(timer)
  }
}
