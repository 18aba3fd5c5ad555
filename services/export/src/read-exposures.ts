import { exposures } from '@ens/database'
import type { KeyColumns } from '@ens/domain'
import type { ExportDeps } from './deps.ts'
import { windowChanged } from './errors.ts'
import { type FileShare, type Page, portions } from './group-exposures.ts'

type ReadingDeps = Pick<ExportDeps, 'db' | 'settings'>

export interface BatchContents {
  /** How much there is of each list. */
  counted: FileShare
  /** The next so many records: the keys first, then the revised keys. */
  portion: (size: number) => AsyncGenerator<Page>
}

/**
 * Opens what a batch holds, all of it as it is at one moment, for as long as the work takes. The work must take all
 * there is, one portion after the other.
 */
export function readExposures<T>(
  { db, settings }: ReadingDeps,
  selection: exposures.Selection,
  work: (contents: BatchContents) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  // A window is read while its archives are written, which the deadline of the run ends.
  const limitMs = settings.workerTimeoutMs
  return db.transaction(
    async (tx) => {
      const counted = await exposures.countSelected(tx, selection)
      const pages = inOrder(
        counted.keys > 0 && exposures.streamKeys(tx, selection, signal),
        counted.revisedKeys > 0 && exposures.streamRevisedKeys(tx, selection, signal),
      )
      try {
        const portion = portions(pages)
        const result = await work({ counted, portion })
        for await (const _ of portion(1)) throw windowChanged('there is more than was counted')
        return result
      } finally {
        await pages.return(undefined)
      }
    },
    { isolation: 'repeatable read', statementTimeoutMs: limitMs, idleTimeoutMs: limitMs },
  )
}

async function* inOrder(
  keys: AsyncIterable<KeyColumns> | false,
  revisedKeys: AsyncIterable<KeyColumns> | false,
): AsyncGenerator<Page> {
  if (keys) for await (const page of keys) yield { list: 'keys', keys: page }
  if (revisedKeys) for await (const page of revisedKeys) yield { list: 'revisedKeys', keys: page }
}
