/*
 * Arrays as PostgreSQL reads them (its manual, "Array Value Input"), of elements that need no quotes. The driver would quote and
 * escape each, which takes it six times as long.
 */

/** Undefined is null. */
export function numberArray(numbers: readonly (number | undefined)[]): string {
  return `{${numbers.map((number) => number ?? 'null').join(',')}}`
}

/** Each instant is written once: a publish has few of them, and to write one takes longer than the rest of its row. */
export function instantArray(instants: readonly Date[]): string {
  const texts = new Map<number, string>()
  const textOf = (instant: Date) => {
    const text = texts.get(instant.getTime()) ?? instant.toISOString()
    texts.set(instant.getTime(), text)
    return text
  }
  return `{${instants.map(textOf).join(',')}}`
}
