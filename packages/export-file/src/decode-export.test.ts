import { isAppError } from '@ens/errors'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeExport, toExportKey } from './decode-export.ts'
import { EXPORT_HEADER, encodeExport } from './encode-export.ts'
import { ExportMessage } from './messages.ts'
import { binCases, example, exportBinOf, keysOf } from './testing/vectors.ts'

const exportBinWith = (message: object) =>
  Buffer.concat([EXPORT_HEADER, ExportMessage.encode(message).finish()])

test.each(binCases)('the file of case $name reads back as it was written', (vector) => {
  const contents = decodeExport(exportBinOf(vector.name))
  const known = (key: { reportType: unknown }) =>
    ['confirmed', 'likely', 'user-report', 'negative'].includes(String(key.reportType))
      ? key
      : { ...key, reportType: undefined }

  expect(contents.keys.map(toExportKey)).toEqual(keysOf(vector.keys).map(known))
  expect(contents.revisedKeys.map(toExportKey)).toEqual(keysOf(vector.revised_keys).map(known))
  expect(contents).toMatchObject({
    start: vector.batch.start_timestamp,
    region: vector.batch.output_region,
    batchNumber: 1,
    batchSize: 1,
    signatureInfos: vector.signature_infos.map((info) => ({
      keyId: info.signing_key_id,
      keyVersion: info.signing_key_version,
    })),
  })
})

test('the published example file holds its two keys', () => {
  const contents = decodeExport(example.exportBin)

  expect(contents).toEqual({
    start: 1_590_159_600,
    end: 1_590_246_000,
    region: 'US',
    batchNumber: 1,
    batchSize: 1,
    signatureInfos: [{ keyId: 'some_id', keyVersion: '1' }],
    keys: [
      exampleKey('172fc480e598490c34177604339b1543', 8, 2_649_980, 1),
      exampleKey('2b63053ac483238de176169e861f3dcd', 1, 2_649_866, 114),
    ],
    revisedKeys: [],
  })
})

function exampleKey(hex: string, risk: number, intervalNumber: number, intervalCount: number) {
  return {
    key: Buffer.from(hex, 'hex'),
    transmissionRisk: risk,
    intervalNumber,
    intervalCount,
    reportTypeCode: undefined,
    daysSinceSymptomOnset: undefined,
  }
}

test('a field that is absent is told from one that holds its default', () => {
  const silent = {}
  const outspoken = {
    keyData: Buffer.alloc(0),
    transmissionRiskLevel: 0,
    rollingStartIntervalNumber: 0,
    rollingPeriod: 144,
    reportType: 0,
    daysSinceOnsetOfSymptoms: 0,
  }

  const { keys } = decodeExport(exportBinWith({ keys: [silent, outspoken] }))

  expect(keys).toEqual([
    {
      key: Buffer.alloc(0),
      transmissionRisk: undefined,
      intervalNumber: undefined,
      intervalCount: undefined,
      reportTypeCode: undefined,
      daysSinceSymptomOnset: undefined,
    },
    {
      key: Buffer.alloc(0),
      transmissionRisk: 0,
      intervalNumber: 0,
      intervalCount: 144,
      reportTypeCode: 0,
      daysSinceSymptomOnset: 0,
    },
  ])
})

test('what a file leaves out about a key has the default that phones assume', () => {
  const [key] = decodeExport(exportBinWith({ keys: [{ keyData: Buffer.alloc(16, 7) }] })).keys

  expect(key && toExportKey(key)).toEqual({
    key: Buffer.alloc(16, 7),
    transmissionRisk: 0,
    intervalNumber: 0,
    intervalCount: 144,
    reportType: undefined,
    daysSinceSymptomOnset: undefined,
  })
})

test('times keep all of their 64 bits that a number can hold', () => {
  const late = exportBinWith({ startTimestamp: 2 ** 31 + 5, endTimestamp: 2 ** 40 + 2 ** 31 + 7 })

  expect(decodeExport(late)).toMatchObject({ start: 2 ** 31 + 5, end: 2 ** 40 + 2 ** 31 + 7 })
})

test('a report type that no one knows keeps its number and has no name', () => {
  const unknown = exportBinWith({ keys: [{ reportType: 4 }, { reportType: 77 }] })

  const { keys } = decodeExport(unknown)

  expect(keys.map((key) => key.reportTypeCode)).toEqual([4, 77])
  expect(keys.map((key) => toExportKey(key).reportType)).toEqual([undefined, undefined])
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['half a header', EXPORT_HEADER.subarray(0, 9)],
  ['a header of another version', Buffer.from('EK Export v2    ')],
  ['a header padded with zero bytes', Buffer.from('EK Export v1\0\0\0\0')],
  ['a message that breaks off', example.exportBin.subarray(0, 100)],
])('%s is refused', (_, exportBin) => {
  expect(() => decodeExport(exportBin)).toThrow(
    expect.objectContaining({ code: 'export_file_malformed' }),
  )
})

test('a header alone is an empty file', () => {
  expect(decodeExport(EXPORT_HEADER)).toMatchObject({
    region: undefined,
    keys: [],
    revisedKeys: [],
  })
})

test('random bytes are read or refused, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(outcome(Buffer.concat([EXPORT_HEADER, bytes]))).toMatch(
        /^(read|export_file_malformed)$/,
      )
    }),
    { numRuns: runs(2_000) },
  )
})

test('a damaged file is read or refused, never anything else', () => {
  const good = exportBinOf('typical-unsorted-input')
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const damaged = Buffer.from(good)
      damaged[at] = byte

      expect(outcome(damaged)).toMatch(/^(read|export_file_malformed)$/)
    }),
    { numRuns: runs(2_000) },
  )
})

function outcome(exportBin: Buffer): string {
  try {
    decodeExport(exportBin)
    return 'read'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

test('750 000 keys are read back', () => {
  const keys = Array.from({ length: 750_000 }, (_, number) => {
    const key = Buffer.alloc(16)
    key.writeUInt32BE(number, 12)
    return {
      key,
      transmissionRisk: 2,
      intervalNumber: 2_648_880,
      intervalCount: 144,
      reportType: 'confirmed' as const,
      daysSinceSymptomOnset: number % 14,
    }
  })
  const header = { start: 0, end: 1, region: 'US', signatureInfos: [] }

  const contents = decodeExport(encodeExport({ ...header, keys, revisedKeys: [] }))

  expect(contents.keys).toHaveLength(750_000)
  expect(contents.keys.at(-1)?.key.readUInt32BE(12)).toBe(749_999)
})
