import { glob } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The checkout, without a slash at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** A path of the checkout. */
export const at = (path: string) => `${ROOT}/${path}`

const NOT_OURS = ['**/node_modules/**', '**/dist/**', '**/gen/**', '.local/**']

/** The files that the patterns name, from the root and sorted; never those that were installed, built or generated. */
export async function listFiles(patterns: string | string[], root = ROOT): Promise<string[]> {
  const paths: string[] = []
  for await (const path of glob(patterns, { cwd: root, exclude: NOT_OURS })) paths.push(path)
  return paths.sort()
}
