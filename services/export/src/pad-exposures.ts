import { exportBatches, exposures, type Transaction } from '@ens/database'
import { closingTime } from './closing-time.ts'
import type { ExportSettings } from './config.ts'
import type { ExportDeps, Random } from './deps.ts'

type SettlingDeps = Pick<ExportDeps, 'db' | 'settings' | 'now' | 'random' | 'events' | 'maxSkewMs'>

/** Longest to wait while another worker settles; the batch is then left for later. */
const SETTLING_WAIT_MS = 5000

/**
 * Settles what a batch holds, once and for all: makes sure that no publish can still land in its window, and stores the
 * generated keys of it and of the windows that end with it or lie within them, so that each archive that covers them shows the
 * same. False while a publish is still on its way, or another worker is at it; nothing was done then.
 */
export function settle(
  deps: SettlingDeps,
  batch: exportBatches.StoredBatch,
  waitMs = SETTLING_WAIT_MS,
): Promise<boolean> {
  const options = { statementTimeoutMs: deps.settings.workerTimeoutMs }
  return deps.db.transaction(async (tx) => {
    if (!(await exportBatches.lockSettling(tx, waitMs))) return false
    const unsettled = await exportBatches.listUnsettled(tx, batch)
    if (await awaitsPublishes(tx, unsettled, deps)) return false
    const generated = await padAll(tx, unsettled, deps)
    for (const due of unsettled) deps.events.settled(due, generated.get(due.id) ?? 0)
    return true
  }, options)
}

/**
 * Fills every batch up that needs it. What one is given shows in others, and may leave one that was empty with too few: so it goes
 * on until none needs any. A batch that has its minimum needs no more, so each is filled up once at most.
 */
async function padAll(
  tx: Transaction,
  batches: readonly exportBatches.StoredBatch[],
  deps: SettlingDeps,
): Promise<Map<number, number>> {
  const generated = new Map<number, number>()
  let isFilled = false
  while (!isFilled) {
    isFilled = true
    for (const batch of batches) {
      const count = await pad(tx, batch, deps)
      await exportBatches.markSettled(tx, batch.id, deps.now())
      generated.set(batch.id, (generated.get(batch.id) ?? 0) + count)
      if (count > 0) isFilled = false
    }
  }
  return generated
}

async function awaitsPublishes(
  tx: Transaction,
  batches: readonly exportBatches.StoredBatch[],
  { settings, maxSkewMs }: SettlingDeps,
): Promise<boolean> {
  if (batches.length === 0) return false
  const lastEnd = new Date(Math.max(...batches.map(({ end }) => end.getTime())))
  return exposures.publishesInFlight(tx, closingTime(lastEnd, settings.truncateWindowMs), maxSkewMs)
}

/** Fills a batch of too few keys up with generated ones, and says how many. */
async function pad(
  tx: Transaction,
  batch: exportBatches.StoredBatch,
  { settings, random }: SettlingDeps,
): Promise<number> {
  const { minRecords } = settings
  // Most windows have enough, and need not be read.
  if ((await exposures.countPresent(tx, batch, minRecords)) >= minRecords) return 0
  const present = await exposures.listPresent(tx, batch, minRecords)
  if (present.length === 0 || present.length >= minRecords) return 0
  const target = minRecords + random.below(settings.paddingRange + 1)
  const earliest = await exportBatches.settledUntil(tx, batch)
  const generated = generate(target - present.length, { present, earliest }, random)
  await store(tx, batch, generated, settings)
  return generated.length
}

interface Models {
  present: readonly exposures.Present[]
  /** Up to here other archives were settled that a key dated earlier would be missing from. */
  earliest: Date | undefined
}

/**
 * Keys that cannot be told from the real ones: each takes its metadata from one of these, chosen at random, so that neither their
 * number nor how often something occurs gives away how many are real.
 */
export function generate(
  count: number,
  { present, earliest }: Models,
  random: Random,
): exposures.GeneratedExposure[] {
  const published = present.filter(({ isGenerated }) => !isGenerated)
  const models = published.length > 0 ? published : present
  return Array.from({ length: count }, () => {
    const model = models[random.below(models.length)] as exposures.Present
    const createdAt = earliest && earliest > model.createdAt ? earliest : model.createdAt
    return { key: random.bytes(16), model: model.key, createdAt }
  })
}

async function store(
  tx: Transaction,
  batch: exportBatches.StoredBatch,
  generated: readonly exposures.GeneratedExposure[],
  { insertBatchSize }: Pick<ExportSettings, 'insertBatchSize'>,
): Promise<void> {
  for (let from = 0; from < generated.length; from += insertBatchSize)
    await exposures.insertGenerated(tx, batch, generated.slice(from, from + insertBatchSize))
}
