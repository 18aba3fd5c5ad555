import { isAppError } from '@ens/errors'
import { secretManagerUnavailable } from './errors.ts'
import type { SecretManager } from './secret-manager.ts'
import { requireSize } from './value.ts'

/** Ends each call of a provider after `timeoutMs`, though it hangs, and gives foreign errors a code. */
export function guardedSecretManager(provider: SecretManager, timeoutMs: number): SecretManager {
  return {
    async get(name, options) {
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(new Error('timed out')), timeoutMs)
      const signals = options?.signal ? [deadline.signal, options.signal] : [deadline.signal]
      const signal = AbortSignal.any(signals)
      try {
        const value = await untilAborted(signal, () => provider.get(name, { signal }))
        requireSize(Buffer.byteLength(value), name)
        return value
      } catch (error) {
        throw translated(error, signal)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function translated(cause: unknown, signal: AbortSignal): unknown {
  if (isAppError(cause)) return cause
  // Whatever the provider's library made of our abort, the deadline is why.
  return signal.aborted
    ? givenUp(signal)
    : secretManagerUnavailable('the secret manager failed', { cause })
}

/** Waits for the work no longer than the signal allows; the work itself may go on unseen. */
export async function untilAborted<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return work()
  if (signal.aborted) throw givenUp(signal)
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(givenUp(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function givenUp({ reason }: AbortSignal): Error {
  return secretManagerUnavailable('the secret manager did not answer in time', { cause: reason })
}
