import {
  type Database,
  exportBatches,
  exportCleanUp,
  exportConfigs,
  exportFiles,
  exportIndexes,
} from '@ens/database'
import { anExportConfig } from '@ens/domain/testing'
import type { Blobstore } from '@ens/storage'

export const BUCKET = 'exports'

interface GivenBatch {
  configId: number
  start: Date
  end: Date
  /** Files that an index may list; 1 is the first. */
  published?: number
  /** Files beyond those, which are to be deleted. */
  doomed?: number
}

export interface TestArchives {
  addConfig(filenameRoot?: string): Promise<number>
  /** A complete batch with its files, as the export service leaves it; returns their names. */
  addBatch(batch: GivenBatch): Promise<string[]>
  /** As if the export service had written the config's index, with everything whose window began after the cutoff. */
  writeIndex(configId: number, cutoff: Date): Promise<void>
}

export function testArchives(db: Database, blobstore: Blobstore): TestArchives {
  const { signal } = new AbortController()

  async function addFile(lease: exportBatches.Lease, batchNum: number, batchSize: number) {
    const { filenameRoot, start, end } = lease.batch
    const filename = `${filenameRoot}/${Number(start) / 1000}-${Number(end) / 1000}-0000${batchNum}.zip`
    const counts = { sizeBytes: filename.length, keyCount: 1, revisedKeyCount: 0 }
    const file = { filename, batchNum, batchSize, digest: Buffer.alloc(32), ...counts }
    await db.transaction((tx) => exportFiles.record(tx, lease, file))
    const options = { contentType: 'application/zip', cacheable: true, signal }
    await blobstore.create(BUCKET, filename, Buffer.from(filename), options)
    return filename
  }

  async function leaseNew({ configId, start, end }: GivenBatch): Promise<exportBatches.Lease> {
    const config = await exportConfigs.find(db, configId)
    if (!config) throw new Error(`no config ${configId}`)
    await db.transaction((tx) =>
      exportBatches.insert(tx, config, [{ start, end, keysFrom: start }]),
    )
    const now = new Date(end.getTime() + 1)
    const options = { now, ttlMs: 300_000, overtakeAfterMs: 0, restMs: () => 0 }
    const lease = await exportBatches.lease(db, options)
    if (!lease) throw new Error('nothing to lease')
    return lease
  }

  return {
    async addConfig(filenameRoot = 'us') {
      return exportConfigs.insert(db, anExportConfig({ bucketName: BUCKET, filenameRoot }))
    },

    async addBatch(given) {
      const { published = 0, doomed = 0, end } = given
      const lease = await leaseNew(given)
      const names: string[] = []
      while (names.length < published + doomed)
        names.push(await addFile(lease, names.length + 1, published + doomed))
      await db.transaction(async (tx) => {
        await exportBatches.markSettled(tx, lease.batch.id, end)
        await exportFiles.complete(tx, lease.batch.id, published)
        await exportBatches.complete(tx, lease, end)
      })
      return names
    },

    async writeIndex(configId, cutoff) {
      const index = { configId, bucketName: BUCKET, objectName: `${configId}/index.txt` }
      await db.transaction(async (tx) => {
        await exportIndexes.touch(tx, index)
        const version = (await exportIndexes.read(tx, index, cutoff))?.version ?? 0
        await exportIndexes.recordWritten(tx, index, { version, cutoff, at: cutoff })
      })
    },
  }
}

/** As an earlier run leaves what ended before that moment: objects gone, rows noted, batches ended. */
export async function cleanUpBefore(db: Database, blobstore: Blobstore, end: Date): Promise<void> {
  const { signal } = new AbortController()
  for (const file of await exportCleanUp.listDoomed(db, { cutoff: end, limit: 100 })) {
    await blobstore.delete(file.bucketName, file.filename, { signal })
    await exportCleanUp.recordDeleted(db, file)
  }
  await exportCleanUp.endBatches(db, end, 100)
}
