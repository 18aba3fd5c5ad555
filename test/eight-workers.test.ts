import { exportBatches } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { expect, test } from 'vitest'
import { type ExportSite, openExportSite, START } from './export-site.ts'

const HOUR_MS = 3_600_000
const HOURS = 5
const KEYS_IN_EACH = 50
const ROOTS = { hourly: 3600, 'two-hourly': 7200 }

/** Of eight workers that start at once: at which of its steps each is killed; undefined lives. */
const ROUNDS = [
  [1, 4, 9, 15, 24, 40, 70, 120],
  [2, 6, 12, 18, 30, 55, 90, undefined],
]

async function openSite(): Promise<ExportSite> {
  const site = await openExportSite()
  for (const [root, periodSeconds] of Object.entries(ROOTS))
    await site.addExport(root, { periodSeconds })
  await site.publish(
    Array.from({ length: HOURS * KEYS_IN_EACH }, (_, number) => ({
      key: aKey(number),
      createdAt: new Date(START + Math.floor(number / KEYS_IN_EACH) * HOUR_MS),
    })),
  )
  return site
}

test('eight workers at once, most of them killed, export every key once, and leave nothing behind', async () => {
  const site = await openSite()
  // A config's first window is the last that has ended; the others follow it.
  await site.run({ now: new Date(START + 60_000).toISOString() })
  let at = START + (HOURS + 2) * HOUR_MS
  const killed: (string | null)[] = []
  for (const round of ROUNDS) {
    const now = new Date(at).toISOString()
    const workers = round.map((dieAtStep) => site.run({ now, dieAtStep }))
    for (const { signal } of await Promise.all(workers)) killed.push(signal)
    // After the leases of those that died, and the rests of what they leave as failed.
    at += HOUR_MS
  }
  for (const last of [1, 2]) await site.run({ now: new Date(at + last * HOUR_MS).toISOString() })

  expect(killed.filter((signal) => signal === 'SIGKILL').length).toBeGreaterThan(8)
  expect(await exportBatches.listUnfinished(site.db, 10)).toEqual([])
  const all = Array.from({ length: HOURS * KEYS_IN_EACH }, (_, number) =>
    aKey(number).toString('hex'),
  )
  for (const root of Object.keys(ROOTS)) {
    const archives = await site.download(root)
    const keys = Object.values(archives).flatMap((archive) => archive.keys)
    expect(keys.sort()).toEqual(all)
    const listed = Object.keys(archives).map((name) => name.slice(root.length + 1))
    expect(await site.stored(root)).toEqual(listed)
  }
  await site.close()
}, 240_000)
