import { expect, test } from 'vitest'
import { costliest } from './profile.ts'

const frame = (functionName: string, url = '', lineNumber = 0) => ({
  callFrame: { functionName, url, lineNumber },
})

test('functions are ranked by their own share of the time that was not idle', () => {
  const profile = {
    nodes: [
      { id: 1, ...frame('(idle)') },
      { id: 2, ...frame('encode', 'file:///home/x/packages/export-file/dist/encode.js', 9) },
      { id: 3, ...frame('', 'node:zlib', 4) },
      { id: 4, ...frame('encode', 'file:///home/x/packages/export-file/dist/encode.js', 9) },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [1000, 20, 40, 40],
  }

  expect(costliest(profile, 5)).toEqual([
    { where: 'encode export-file/dist/encode.js:10', share: 0.6 },
    { where: '(anonymous) node:zlib:5', share: 0.4 },
  ])
  expect(costliest(profile, 1)).toHaveLength(1)
})
