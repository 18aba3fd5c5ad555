import { keyToBase64, type ReportType } from '@ens/domain'
import { testArchive, testSigner } from '@ens/export-file/testing'
import { expect, test } from 'vitest'
import { findKeys } from './find-keys.ts'
import { readTrusted } from './read-archives.ts'

const signer = testSigner()
const bytes = (fill: number) => Buffer.alloc(16, fill)
const text = (fill: number) => keyToBase64(bytes(fill))

const exportKey = (fill: number, reportType: ReportType = 'confirmed') => ({
  key: bytes(fill),
  transmissionRisk: 2,
  intervalNumber: 2_648_880,
  intervalCount: 144,
  reportType,
  daysSinceSymptomOnset: 0,
})

async function archive(name: string, keys: number[], revised: number[] = []) {
  const contents = await testArchive(
    signer,
    keys.map((fill) => exportKey(fill, 'likely')),
    { revisedKeys: revised.map((fill) => exportKey(fill)) },
  )
  return readTrusted({ name, contents }, { publicKeys: [signer], region: 'US' })
}

test('every place of every key is found, and what the key is there', async () => {
  const archives = [await archive('a.zip', [1, 2]), await archive('b.zip', [2, 3], [1])]

  expect(await findKeys([text(1), text(2), text(4)], archives)).toEqual([
    {
      key: text(1),
      sightings: [
        { archive: 'a.zip', list: 'keys', reportType: 'likely' },
        { archive: 'b.zip', list: 'revised_keys', reportType: 'confirmed' },
      ],
    },
    {
      key: text(2),
      sightings: [
        { archive: 'a.zip', list: 'keys', reportType: 'likely' },
        { archive: 'b.zip', list: 'keys', reportType: 'likely' },
      ],
    },
    { key: text(4), sightings: [] },
  ])
})

test('a key is found however its base64 is written', async () => {
  const archives = [await archive('a.zip', [255])]
  const urlSafe = text(255).replaceAll('/', '_').replaceAll('=', '')

  const [found] = await findKeys([urlSafe], archives)

  expect(found).toEqual({
    key: urlSafe,
    sightings: [{ archive: 'a.zip', list: 'keys', reportType: 'likely' }],
  })
})

test('an archive of another region, or by another signer, is not read', async () => {
  const contents = await testArchive(signer, [exportKey(1)])
  const read = (publicKey: typeof signer, region: string) =>
    readTrusted({ name: 'a.zip', contents }, { publicKeys: [publicKey], region })

  await expect(read(signer, 'MX')).rejects.toThrow('a.zip is for region "US", not for "MX"')
  await expect(read(testSigner(), 'US')).rejects.toMatchObject({ code: 'export_signature_invalid' })
})
