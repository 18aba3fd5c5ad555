import { expect, test } from 'vitest'
import { markdownTable, short, table } from './table.ts'

const FIGURE = {
  id: 'publish.rate',
  name: 'publishes',
  unit: '/s',
  better: 'higher' as const,
  rounds: [2000, 2100, 2200],
  limit: { name: 'bare driver', rounds: [4000, 4200, 4400] },
  target: { atLeast: 2400, shareOfLimit: 0.5 },
}

test('a figure stands beside its limit and its target', () => {
  const [, , line] = table([FIGURE], { judged: true }).split('\n')

  expect(line?.split(/ {2,}/)).toEqual([
    'publishes',
    '2100 /s',
    '±5 %',
    '4200 bare driver',
    '50 %',
    '≥ 2400, ≥ 50 % of the limit',
    'MISSED',
  ])
})

test('a page gets the same cells', () => {
  expect(markdownTable([FIGURE]).split('\n')).toEqual([
    '| what | median | spread | limit of the machine | share | target |  |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| publishes | 2100 /s | ±5 % | 4200 bare driver | 50 % | ≥ 2400, ≥ 50 % of the limit | MISSED |',
  ])
})

test('a small run is not held to the targets', () => {
  expect(table([FIGURE], { judged: false })).not.toContain('MISSED')
})

test('numbers keep the digits that count', () => {
  expect([1, 0.234, 12.34, 123.4, 12_345, 1_234_567].map(short)).toEqual([
    '1',
    '0.23',
    '12.3',
    '123',
    '12 k',
    '1.23 M',
  ])
})
