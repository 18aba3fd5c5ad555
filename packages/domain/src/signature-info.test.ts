import { expect, test } from 'vitest'
import { liveSignatureInfos } from './signature-info.ts'
import { aSignatureInfo, OCTOBER_5_NOON } from './testing.ts'

test('live infos sign newest first, up to and including their last moment', () => {
  const infos = [
    aSignatureInfo({ id: 1, thru: OCTOBER_5_NOON }),
    aSignatureInfo({ id: 2, thru: new Date(OCTOBER_5_NOON.getTime() - 1) }),
    aSignatureInfo({ id: 3, thru: undefined }),
  ]
  expect(liveSignatureInfos(infos, OCTOBER_5_NOON).map(({ id }) => id)).toEqual([3, 1])
})
