import { readFileSync } from 'node:fs'
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
  async function* pages(): AsyncGenerator<Page<number>> {
    yield { list: 'keys', keys: [1, 2, 3] }
    yield { list: 'keys', keys: [4] }
    yield { list: 'revisedKeys', keys: [5, 6] }
  }
  const gathered = async (portion: AsyncIterable<Page<number>>) => {
    const all: Page<number>[] = []
    for await (const page of portion) all.push(page)
    return all
  }

  test('begin where the one before ended, within a page or between two', async () => {
    const portion = portions(pages())
    expect(await gathered(portion(2))).toEqual([{ list: 'keys', keys: [1, 2] }])
    expect(await gathered(portion(3))).toEqual([
      { list: 'keys', keys: [3] },
      { list: 'keys', keys: [4] },
      { list: 'revisedKeys', keys: [5] },
    ])
    expect(await gathered(portion(9))).toEqual([{ list: 'revisedKeys', keys: [6] }])
    expect(await gathered(portion(1))).toEqual([])
  })
})
