import { isAppError } from '@ens/errors'
import { keyAccessDenied, keyManagerUnavailable } from './errors.ts'
import type { CallOptions } from './key-manager.ts'

/**
 * Runs one call of a provider: an abort ends the wait though the provider hangs, and a foreign error becomes
 * one with a code. The work itself may go on unseen after an abort; whether a version was made by then is not known.
 */
export async function guarded<T>(
  options: CallOptions | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await untilAborted(options?.signal, work)
  } catch (error) {
    throw translated(error)
  }
}

async function untilAborted<T>(
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

function givenUp(signal: AbortSignal): Error {
  return keyManagerUnavailable('the caller stopped waiting for the key manager', {
    cause: signal.reason,
  })
}

function translated(cause: unknown): unknown {
  if (isAppError(cause)) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return keyAccessDenied('no permission to use the key', { cause })
  }
  return keyManagerUnavailable('the key manager failed', { cause })
}
