/**
 * Lets work begin when what was asked for before has ended, however it ended. So the memory of a process is that of one batch,
 * and its pool has a connection to spare for each that it needs.
 */
export function inTurn() {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work)
    last = result.catch(() => {})
    return result
  }
}
