import { intervalNumber } from '@ens/domain'
import { describe, expect, test } from 'vitest'
import { mergeEntries } from './merge-entries.ts'
import { type EntryVector, tokenVectors } from './testing/vectors.ts'

const fromVector = (entry: EntryVector) => ({ ...entry, key: Buffer.from(entry.key, 'base64') })

describe('the next token', () => {
  test.each(tokenVectors.mergeCases)('$name', ({ previous, new: written, expect: merged }) => {
    const entries = mergeEntries(previous.map(fromVector), written.map(fromVector), 0)
    expect(entries).toEqual(merged.map(fromVector))
  })

  test.each(tokenVectors.retentionCases)('keeps a key until it is too old: $name', (example) => {
    const { batchTime, maxIntervalAgeSeconds, retainInterval, kept, ...interval } = example
    const entry = { key: Buffer.alloc(16, 1), ...interval }
    const limit = intervalNumber(Date.parse(batchTime) - maxIntervalAgeSeconds * 1000)
    expect(limit).toBe(retainInterval)
    expect(mergeEntries([entry], [], limit)).toEqual(kept ? [entry] : [])
  })

  test('holds a key that was written twice once', () => {
    const entry = { key: Buffer.alloc(16, 1), intervalNumber: 5, intervalCount: 144 }
    expect(mergeEntries([], [entry, { ...entry, intervalNumber: 6 }], 0)).toEqual([entry])
  })
})
