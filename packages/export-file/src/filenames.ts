import { unixSeconds } from './encode-export.ts'

/**
 * The object name of an archive: `<root>/<start>-<end>-<number>.zip`, times in unix seconds of the window itself
 * (never the later end inside the files of a split batch). The reprocess count moves both times, for a new name.
 * The root is taken as it is, slashes and all.
 */
export function exportFilename(
  root: string,
  start: Date | number,
  end: Date | number,
  fileNumber: number,
  reprocessCount = 0,
): string {
  const from = unixSeconds(start) + reprocessCount
  const to = unixSeconds(end) + reprocessCount
  return `${root}/${from}-${to}-${String(fileNumber).padStart(5, '0')}.zip`
}

/** The object name of the list of a root's archives. */
export function indexName(root: string): string {
  return `${root}/index.txt`
}
