import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeIndex, parseIndex } from './index-file.ts'
import { indexVectors } from './testing/vectors.ts'

test.each(indexVectors.cases)(
  'the index of case $name is byte for byte as it must be',
  (vector) => {
    const names = [...vector.live_files_in_database, ...vector.new_files]

    expect(encodeIndex(names)).toBe(vector.want_body)
  },
)

test('an index reads back in its order, whatever the order of the names', () => {
  const name = fc.stringMatching(/^[a-zü/0-9-]{1,20}$/)
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const body = encodeIndex(names)

      expect(encodeIndex([...names].reverse())).toBe(body)
      expect(encodeIndex(parseIndex(body))).toBe(body)
      expect(new Set(parseIndex(body))).toEqual(new Set(names))
    }),
  )
})

test('names beyond ASCII are sorted by their bytes, not by UTF-16', () => {
  expect(encodeIndex(['\u{1f600}', '\uffee'])).toBe('\uffee\n\u{1f600}')
})

test('blank lines, line ends of Windows and white space around names do not count', () => {
  expect(parseIndex('\r\n us/1-2-00001.zip \r\n\n\tus/2-3-00001.zip\n')).toEqual([
    'us/1-2-00001.zip',
    'us/2-3-00001.zip',
  ])
  expect(parseIndex('')).toEqual([])
})
