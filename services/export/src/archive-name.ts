import type { exportBatches } from '@ens/database'
import type { ExportTerms } from '@ens/domain'
import { exportFilename } from '@ens/export-file'

/** A window, as far as the names of its archives go. */
export type NamedWindow = Pick<exportBatches.StoredBatch, 'keysFrom' | 'end' | 'regenerations'> &
  Pick<ExportTerms, 'filenameRoot'>

/**
 * The object name of an archive of a window, by where its keys begin: a window that overlaps the one before, because the
 * period was changed, would else sort before lines that phones have read. Regenerated files get new names: phones and
 * caches never see a name with two contents.
 */
export function archiveName(window: NamedWindow, number: number, reprocessCount: number): string {
  const { filenameRoot, keysFrom, end, regenerations } = window
  return exportFilename(filenameRoot, keysFrom, end, number, reprocessCount + regenerations)
}
