import { aKey } from '@ens/domain/testing'
import { expect, test } from 'vitest'
import { type ExportSite, openExportSite, START } from './export-site.ts'

const LATER = new Date(START + 2 * 3_600_000).toISOString()
/** After the lease of a worker that died has ended. */
const MUCH_LATER = new Date(START + 2 * 3_600_000 + 600_000).toISOString()

/** A hundred keys in one window of one export, which fills three archives. */
async function openSite(): Promise<ExportSite> {
  const site = await openExportSite()
  await site.addExport('mx')
  await site.publish(
    Array.from({ length: 100 }, (_, number) => ({ key: aKey(number), createdAt: new Date(START) })),
  )
  return site
}

test.each(['before-upload', 'after-upload', 'before-index'] as const)(
  'a worker killed %s leaves nothing wrong behind, and the next run ends as if it had never been',
  async (dieAt) => {
    const [undisturbed, killed] = [await openSite(), await openSite()]
    await undisturbed.run({ now: LATER })
    const expected = await undisturbed.download('mx')
    const keys = Object.values(expected).map((archive) => archive.keys)
    expect(keys.map(({ length }) => length)).toEqual([40, 40, 20])
    expect(new Set(keys.flat()).size).toBe(100)

    expect(await killed.run({ now: LATER, dieAt })).toEqual({ signal: 'SIGKILL' })
    await expect(killed.download('mx')).rejects.toThrow('404')
    await killed.run({ now: MUCH_LATER })

    expect(await killed.download('mx')).toEqual(expected)
    expect(await killed.stored('mx')).toEqual(await undisturbed.stored('mx'))
    await undisturbed.close()
    await killed.close()
  },
)
