import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldName } from './fold-name.ts'

test.each([
  ['HealthAuthorityId', 'healthauthorityid'],
  ['\u017fymptomOn\u017fet', 'symptomonset'],
  ['temporaryExposure\u212aeys', 'temporaryexposurekeys'],
])('%s folds to %s', (name, folded) => {
  expect(foldName(name)).toBe(folded)
})

test('only Unicode case folding makes two names equal', () => {
  const characters = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
  fc.assert(
    fc.property(characters, (character) => {
      const folded = foldName(character)
      if (!/^[a-z]$/.test(folded)) return
      expect(character).toMatch(new RegExp(`^${folded}$`, 'iu'))
    }),
    { numRuns: runs(20_000) },
  )
})
