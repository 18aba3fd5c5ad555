import { exposures } from '@ens/database'
import type { ExportDeps } from './deps.ts'
import { type FileShare, type Page, portions } from './group-exposures.ts'

/** So many rows travel at a time; memory does not depend on how many there are. */
const PAGE_SIZE = 500

type ReadingDeps = Pick<ExportDeps, 'db' | 'settings'>

export interface BatchContents {
  /** How much there is of each list. */
  counted: FileShare
  /** The next so many records: the keys first, then the revised keys. */
  portion: (size: number) => AsyncGenerator<Page<exposures.SelectedKey>>
}

/**
 * Opens what a batch holds, all of it as it is at one moment, for as long as the work takes. The work must take one portion after
 * the other.
 */
export function readExposures<T>(
  { db, settings }: ReadingDeps,
  selection: exposures.Selection,
  work: (contents: BatchContents) => Promise<T>,
): Promise<T> {
  // A window is read while its archives are written, which the deadline of the run ends.
  const limitMs = settings.workerTimeoutMs
  return db.transaction(
    async (tx) => {
      const counted = await exposures.countSelected(tx, selection)
      const pages = inOrder(
        exposures.streamKeys(tx, selection, PAGE_SIZE),
        exposures.streamRevisedKeys(tx, selection, PAGE_SIZE),
      )
      try {
        return await work({ counted, portion: portions(pages) })
      } finally {
        await pages.return(undefined)
      }
    },
    { isolation: 'repeatable read', statementTimeoutMs: limitMs, idleTimeoutMs: limitMs },
  )
}

async function* inOrder<Key>(
  keys: AsyncIterable<Key[]>,
  revisedKeys: AsyncIterable<Key[]>,
): AsyncGenerator<Page<Key>> {
  for await (const page of keys) yield { list: 'keys', keys: page }
  for await (const page of revisedKeys) yield { list: 'revisedKeys', keys: page }
}
