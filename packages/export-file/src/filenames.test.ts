import { expect, test } from 'vitest'
import { exportFilename, indexName } from './filenames.ts'
import { filenameVectors } from './testing/vectors.ts'

test.each(filenameVectors.cases)('an archive is called $want', (vector) => {
  const { filename_root, start_timestamp, end_timestamp, file_num, reprocess_count, want } = vector

  expect(
    exportFilename(filename_root, start_timestamp, end_timestamp, file_num, reprocess_count),
  ).toBe(want)
})

test.each(filenameVectors.index_object_names)(
  'an index is called $want',
  ({ filename_root, want }) => {
    expect(indexName(filename_root)).toBe(want)
  },
)

test('a window may be given as dates', () => {
  const start = new Date('2020-05-13T20:00:00Z')
  const end = new Date('2020-05-14T00:00:00Z')

  expect(exportFilename('us', start, end, 1)).toBe('us/1589400000-1589414400-00001.zip')
})
