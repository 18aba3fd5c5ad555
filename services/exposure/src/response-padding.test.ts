import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Random, responsePadding } from './response-padding.ts'

interface Case {
  name: string
  min: number
  range: number
  base64CharsMin: number
  base64CharsMax: number
}

const { paddingCases }: { paddingCases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-sizes.json', import.meta.url), 'utf8'),
)

/** Always the least, or always the most, that was asked for. */
const random = (pick: (limit: number) => number): Random => ({
  integer: pick,
  bytes: (length) => Buffer.alloc(length),
})

test.each(paddingCases)('padding stays within its bounds: $name', (wanted) => {
  const size = { minBytes: wanted.min, rangeBytes: wanted.range }
  expect(
    responsePadding(
      size,
      random(() => 0),
    ),
  ).toHaveLength(wanted.base64CharsMin)
  expect(
    responsePadding(
      size,
      random((limit) => limit - 1),
    ),
  ).toHaveLength(wanted.base64CharsMax)
})
