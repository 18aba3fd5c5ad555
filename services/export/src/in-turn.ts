/** A run that has not ended so long after it was told to is not waited for any longer. */
const GRACE_MS = 30_000

/**
 * Lets work begin when what was asked for before has ended, however it ended. So the memory of a process is that of one batch,
 * and its pool has a connection to spare for each that it needs. Work that is told to end while it waits never begins.
 */
export function inTurn() {
  let last: Promise<unknown> = Promise.resolve()
  return async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const before = last
    const { promise: over, resolve } = Promise.withResolvers<void>()
    last = before.then(() => over)
    try {
      await unlessAborted(signal, before)
      signal.addEventListener('abort', () => setTimeout(resolve, GRACE_MS).unref(), { once: true })
      return await work()
    } finally {
      resolve()
    }
  }
}

async function unlessAborted(signal: AbortSignal, turn: Promise<unknown>): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([turn, aborted])
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', onAbort)
    aborted.catch(() => {})
  }
}
