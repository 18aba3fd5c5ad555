import { readFileSync } from 'node:fs'
import { fromColumns, toColumns } from '@ens/domain'
import { aKey } from '@ens/domain/testing'
import { describe, expect, test } from 'vitest'
import { type Page, portions, shareOut } from './group-exposures.ts'

interface Vectors {
  grouping: {
    primary: number
    revised: number
    max_records: number
    want_files: { keys: number; revised_keys: number }[]
  }[]
}

const KEY = {
  transmissionRisk: 2,
  intervalNumber: 2_669_616,
  intervalCount: 144,
  reportType: 'confirmed' as const,
  daysSinceSymptomOnset: undefined,
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../testdata/export-grouping.json', import.meta.url), 'utf8'),
)

describe('how a batch is cut into files', () => {
  test.each(vectors.grouping)(
    '$primary keys and $revised revised ones, at most $max_records in a file',
    ({ primary, revised, max_records, want_files }) => {
      const shares = shareOut({ keys: primary, revisedKeys: revised }, max_records)
      expect(shares).toEqual(
        want_files.map(({ keys, revised_keys }) => ({ keys, revisedKeys: revised_keys })),
      )
    },
  )
})

describe('portions', () => {
  const columns = (...numbers: number[]) =>
    toColumns(numbers.map((number) => ({ ...KEY, key: aKey(number) })))
  async function* pages(): AsyncGenerator<Page> {
    yield { list: 'keys', keys: columns(1, 2, 3) }
    yield { list: 'keys', keys: columns(4) }
    yield { list: 'revisedKeys', keys: columns(5, 6) }
  }
  const gathered = async (portion: AsyncIterable<Page>) => {
    const all: [string, number[]][] = []
    for await (const { list, keys } of portion) {
      const numbers = fromColumns(keys).map(({ key }) => Buffer.from(key).readUInt32BE())
      all.push([list, numbers])
    }
    return all
  }

  test('begin where the one before ended, within a page or between two', async () => {
    const portion = portions(pages())
    expect(await gathered(portion(2))).toEqual([['keys', [1, 2]]])
    expect(await gathered(portion(3))).toEqual([
      ['keys', [3]],
      ['keys', [4]],
      ['revisedKeys', [5]],
    ])
    expect(await gathered(portion(9))).toEqual([['revisedKeys', [6]]])
    expect(await gathered(portion(1))).toEqual([])
  })
})
