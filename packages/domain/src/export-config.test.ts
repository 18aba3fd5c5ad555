import { expect, test } from 'vitest'
import { effectiveInputRegions, validateExportConfig, validatePeriod } from './export-config.ts'
import { anExportConfig } from './testing.ts'

test.each([1, 60, 14_400, 86_400])('a period of %i s is allowed', (seconds) => {
  expect(() => validatePeriod(seconds)).not.toThrow()
})

test.each([0, -1, 0.5, 7, 18_000, 172_800, Number.NaN])(
  'a period of %d s is refused',
  (seconds) => {
    expect(() => validatePeriod(seconds)).toThrow(
      expect.objectContaining({ code: 'invalid_export_config' }),
    )
  },
)

test('all faults of a config are named at once', () => {
  const config = anExportConfig({
    periodSeconds: 18_000,
    filenameRoot: '',
    includeTravelers: true,
    onlyNonTravelers: true,
    signatureInfoIds: Array.from({ length: 11 }, (_, i) => i),
    thru: new Date(0),
  })
  expect(() => validateExportConfig(config)).toThrow(
    'a period of 18000 s does not divide a day; try 4h (14400 s) or 24h (86400 s); the filename root is empty; ' +
      'travelers cannot be both included and left out; 11 signature infos, but an archive holds at most 10; ' +
      'it ends before it begins',
  )
  expect(() => validateExportConfig(anExportConfig())).not.toThrow()
})

test('a file may hold so many keys as can still be read back', () => {
  const withMost = (maxRecordsOverride: number) => anExportConfig({ maxRecordsOverride })
  expect(() => validateExportConfig(withMost(2_000_000))).not.toThrow()
  expect(() => validateExportConfig(withMost(2_000_001))).toThrow(
    '2000001 keys in a file, but at most 2000000 are allowed',
  )
})

test('without input regions the keys of the output region are taken', () => {
  const terms = anExportConfig({ outputRegion: 'MX', inputRegions: [] })
  expect(effectiveInputRegions(terms)).toEqual(['MX'])
  expect(effectiveInputRegions({ ...terms, inputRegions: ['US', 'CA'] })).toEqual(['US', 'CA'])
})
