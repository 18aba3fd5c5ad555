import { createHash } from 'node:crypto'
import { REPORT_TYPES, type ReportType, toColumns } from '@ens/domain'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ExportHeader, encodeExport, exportEncoder, fileEnd } from './encode-export.ts'
import { type ExportKey, reportTypeCode } from './export-key.ts'
import { ExportMessage } from './messages.ts'
import { type BinCase, binCases, keysOf } from './testing/vectors.ts'

const int32 = fc.oneof(fc.integer(), fc.integer({ min: 0, max: 150 }))

const exportKey: fc.Arbitrary<ExportKey> = fc.record({
  key: fc.uint8Array({ maxLength: 16 }),
  transmissionRisk: int32,
  intervalNumber: int32,
  intervalCount: int32,
  reportType: fc.option(fc.constantFrom<ReportType>(...REPORT_TYPES), { nil: undefined }),
  daysSinceSymptomOnset: fc.option(int32, { nil: undefined }),
})

const keyList = fc.array(exportKey, { maxLength: 20 })

/** As the database holds them. */
const storedKeys = fc.array(
  fc.record({
    key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    transmissionRisk: fc.integer({ min: 0, max: 8 }),
    intervalNumber: int32,
    intervalCount: fc.integer({ min: 1, max: 144 }),
    reportType: fc.constantFrom(undefined, ...REPORT_TYPES),
    daysSinceSymptomOnset: fc.option(fc.integer({ min: -32_767, max: 32_767 }), { nil: undefined }),
  }),
  { maxLength: 20 },
)

const HEADER: ExportHeader = {
  start: 1_589_400_000,
  end: 1_589_414_400,
  region: 'US',
  signatureInfos: [{ keyId: '310', keyVersion: 'v1' }],
}

describe.each(binCases)('the case $name', (vector) => {
  const want = Buffer.from(vector.want.export_bin_hex, 'hex')

  test('is encoded byte for byte', () => {
    const exportBin = encodeExport(fileOf(vector))

    expect(exportBin.toString('hex')).toBe(want.toString('hex'))
    expect(exportBin).toHaveLength(vector.want.export_bin_length)
  })
})

/** Whose keys have 3 bytes, which no column holds. */
const SHORT_KEYS = 'reference-golden'

test.each(binCases.filter(({ name }) => name !== SHORT_KEYS))(
  'the case $name has the same bytes and digest piece by piece',
  (vector) => {
    const file = fileOf(vector)
    const encoder = exportEncoder(file)
    const pieces = [
      encoder.begin(),
      ...file.keys.map((key) => encoder.keys(toColumns([key]))),
      ...file.revisedKeys.map((key) => encoder.revisedKeys(toColumns([key]))),
    ]

    expect(Buffer.concat(pieces).toString('hex')).toBe(vector.want.export_bin_hex)
    expect(encoder.digest().toString('hex')).toBe(vector.want.sha256_hex)
  },
)

test('any keys are encoded as the protobuf library encodes them', () => {
  fc.assert(
    fc.property(keyList, keyList, (keys, revisedKeys) => {
      const beginning = encodeExport({ ...HEADER, keys: [], revisedKeys: [] })
      const lists = ExportMessage.encode({
        keys: keys.map(toMessage),
        revisedKeys: revisedKeys.map(toMessage),
      }).finish()

      expect(encodeExport({ ...HEADER, keys, revisedKeys })).toEqual(
        Buffer.concat([beginning, lists]),
      )
    }),
    { numRuns: runs(1_000) },
  )
})

test('the digest of pages of any size is that of the whole file', () => {
  fc.assert(
    fc.property(
      fc.array(storedKeys, { maxLength: 5 }),
      fc.array(storedKeys, { maxLength: 3 }),
      (keys, revised) => {
        const encoder = exportEncoder(HEADER)
        encoder.begin()
        for (const page of keys) encoder.keys(toColumns(page))
        for (const page of revised) encoder.revisedKeys(toColumns(page))
        const whole = encodeExport({ ...HEADER, keys: keys.flat(), revisedKeys: revised.flat() })

        expect(encoder.digest()).toEqual(createHash('sha256').update(whole).digest())
      },
    ),
  )
})

test('a key that is longer than 16 bytes is refused instead of damaging its neighbours', () => {
  const key = { ...keysOf([])[0], key: Buffer.alloc(17) } as ExportKey

  expect(() => encodeExport({ ...HEADER, keys: [key], revisedKeys: [] })).toThrow(
    expect.objectContaining({ code: 'export_key_too_long' }),
  )
})

test('a window given as dates is written in whole unix seconds', () => {
  const dates = {
    ...HEADER,
    start: new Date('2020-05-13T20:00:00.999Z'),
    end: new Date('2020-05-14T00:00:00Z'),
  }

  expect(encodeExport({ ...dates, keys: [], revisedKeys: [] })).toEqual(
    encodeExport({ ...HEADER, keys: [], revisedKeys: [] }),
  )
})

test('the files of a split batch end one second later each, a lone file at the end of the window', () => {
  expect([1, 2, 3].map((number) => fileEnd(100, number, 3))).toEqual([101, 102, 103])
  expect(fileEnd(100, 1, 1)).toBe(100)
})

function fileOf({ batch, signature_infos, keys, revised_keys }: BinCase) {
  return {
    start: batch.start_timestamp,
    end: fileEnd(batch.end_timestamp, batch.file_num, batch.batch_was_split ? 2 : 1),
    region: batch.output_region,
    signatureInfos: signature_infos.map((info) => ({
      keyId: info.signing_key_id,
      keyVersion: info.signing_key_version,
    })),
    keys: keysOf(keys),
    revisedKeys: keysOf(revised_keys),
  }
}

/** What the format says about absent fields, in the terms of the library. */
function toMessage(key: ExportKey) {
  return {
    keyData: key.key,
    transmissionRiskLevel: key.transmissionRisk,
    rollingStartIntervalNumber: key.intervalNumber === 0 ? undefined : key.intervalNumber,
    rollingPeriod: key.intervalCount === 144 ? undefined : key.intervalCount,
    reportType: reportTypeCode(key.reportType),
    daysSinceOnsetOfSymptoms: key.daysSinceSymptomOnset,
  }
}
