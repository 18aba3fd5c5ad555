import { openDatabase } from '@ens/database'
import { openKeyManager } from '@ens/keys'
import type { Blobstore } from '@ens/storage'
import { createBatches } from '../services/export/src/create-batches.ts'
import {
  hookedBlobstore,
  hookedDatabase,
  hookedKeyManager,
} from '../services/export/src/testing/faults.ts'
import { workBatches } from '../services/export/src/work-batches.ts'
import { exportDeps } from './fleet.ts'
import type { WorkerTask } from './worker-task.ts'

/*
 * One run of the export jobs as a process of its own, at a time that the test chooses. It can be told to die, as by `kill -9`, at
 * a point in the middle.
 */

let steps = 0
const task: WorkerTask = JSON.parse(process.argv[2] ?? '{}')
const now = () => new Date(task.now)
const db = openDatabase(task.database)
const keyManager = await openKeyManager({ keyManager: 'FILESYSTEM', filesystemRoot: task.keysRoot })
const deps = await exportDeps({ db, now, keyManager, root: task.blobRoot })
const signal = new AbortController().signal
const mortal = {
  ...deps,
  db: hookedDatabase(db, dieAtStep),
  blobstore: hookedBlobstore(dyingAt(task.dieAt, deps.blobstore), dieAtStep),
  keyManager: hookedKeyManager(keyManager, dieAtStep),
}
await createBatches(mortal, signal)
await workBatches(mortal, signal)
await db.close()

/** A store whose process is killed before or after it creates the second archive, or before it writes the index. */
function dyingAt(point: WorkerTask['dieAt'], store: Blobstore): Blobstore {
  let archives = 0
  return {
    ...store,
    async create(bucket, name, contents, options) {
      const isSecond = name.endsWith('.zip') && ++archives === 2
      if (isSecond && point === 'before-upload') die()
      if (name.endsWith('index.txt') && point === 'before-index') die()
      const created = await store.create(bucket, name, contents, options)
      if (isSecond && point === 'after-upload') die()
      return created
    },
    async put(bucket, name, contents, options) {
      if (name.endsWith('index.txt') && point === 'before-index') die()
      return store.put(bucket, name, contents, options)
    },
  }
}

function dieAtStep(): void {
  if (++steps === task.dieAtStep) die()
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}
