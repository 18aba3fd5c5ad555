import { regenerateExports } from '@ens/admin'
import { exportConfigs } from '@ens/database'
import { aKey } from '@ens/domain/testing'
import { afterEach, expect, test } from 'vitest'
import { BUCKET, type TestExporter, testExporter } from './testing/exporter.ts'

let exporter: TestExporter
afterEach(() => exporter.close())

const day5 = (time: string) => new Date(`2020-10-05T${time}:00Z`)

test('regenerated windows appear under new names in their old place, and the old names are listed no more', async () => {
  exporter = await testExporter()
  const signer = await exporter.addSigner()
  const configId = await exporter.addConfig({ signatureInfoIds: [signer] })
  for (const [number, time] of [
    [1, '10:00'],
    [2, '11:00'],
    [3, '12:00'],
  ] as const)
    await exporter.publish({ key: aKey(number), createdAt: day5(time) })
  await exporter.createBatches()
  exporter.at('2020-10-05T13:00')
  await exporter.createBatches()
  await exporter.doWork()
  const [first, second] = await exporter.download()
  const config = await exportConfigs.find(exporter.db, configId)
  if (!config) throw new Error('the config is gone')
  const signatureInfoIds = [signer, await exporter.addSigner()]
  await exportConfigs.update(exporter.db, { ...config, signatureInfoIds })

  const range = { from: day5('11:00'), before: day5('12:00'), isDryRun: false }
  const outcome = await regenerateExports(exporter, { configId, ...range })
  exporter.at('2020-10-05T14:00')
  await exporter.createBatches()
  await exporter.doWork()

  const archives = await exporter.download()
  expect(outcome.replaced).toEqual([second?.name])
  expect(archives.map(({ name, signedBy }) => [name, signedBy])).toEqual([
    [first?.name, ['v1']],
    ['us/1601895601-1601899201-00001.zip', ['v2', 'v1']],
    ['us/1601899200-1601902800-00001.zip', ['v2', 'v1']],
  ])
  // What is inside is the window's as before, and the former object stays for those who are about to fetch it.
  expect(archives[1]).toMatchObject({ start: second?.start, end: second?.end, keys: second?.keys })
  expect(exporter.blobstore.names(BUCKET)).toContain(second?.name)
})
