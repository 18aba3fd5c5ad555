import type { RandomBytes } from './make-keys.ts'

/** All that the command has of the world around it. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  now(): Date
  random: RandomBytes
  /** Where `start` writes what it set up; it need not exist. */
  demoFile: string
}

/** Rows with their columns under one another; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, at) => Math.max(cell.length, most[at] ?? 0)),
    [],
  )
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
