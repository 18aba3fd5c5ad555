import { databaseTimeout } from './errors.ts'

/** Fails as a time-out after that long, also while there is no connection to wait on. */
export async function withinTime<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(databaseTimeout()), ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
    work.catch(() => {}) // its failure, should it come later, has been told already
  }
}
