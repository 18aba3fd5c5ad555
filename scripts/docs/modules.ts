import { at, listFiles } from '../paths.ts'

/** The modules that a pattern names, imported, by path, in the order of their paths. */
export async function importAll(
  pattern: string,
): Promise<{ path: string; exported: Record<string, unknown> }[]> {
  const paths = await listFiles(pattern)
  return Promise.all(paths.map(async (path) => ({ path, exported: await import(at(path)) })))
}

/** A row of a Markdown table; a bar inside a cell would end it. */
export const row = (...cells: string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
