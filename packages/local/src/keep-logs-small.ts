import { copyFile, stat, truncate } from 'node:fs/promises'
import type { Member } from './fleet.ts'

const LARGEST_BYTES = 20_000_000
const LOOK_EVERY_MS = 60_000

/** Looks after logs that are only appended to, so that a fleet left alone does not fill the disk. */
export function keepLogsSmall(files: readonly string[]): Member {
  const timer = setInterval(() => {
    for (const file of files) void shorten(file)
  }, LOOK_EVERY_MS)
  return { name: 'log keeper', stop: async () => clearInterval(timer) }
}

/** Moves what a log holds beside it, as `.1`, once it is too large; its writer goes on at the beginning. */
export async function shorten(file: string, largestBytes = LARGEST_BYTES): Promise<void> {
  try {
    if ((await stat(file)).size <= largestBytes) return
    await copyFile(file, `${file}.1`)
    await truncate(file)
  } catch {
    // Not written yet, or the disk is full already: the next look may do better.
  }
}
