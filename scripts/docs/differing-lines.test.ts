import { expect, test } from 'vitest'
import { differingLines } from './differing-lines.ts'

test('equal texts differ in nothing', () => {
  expect(differingLines('a\nb\n', 'a\nb\n')).toEqual([])
})

test('a changed line is shown as it is and as it should be', () => {
  expect(differingLines('a\nb\nc\n', 'a\nB\nc\n')).toEqual(['- b', '+ B'])
})

test('texts whose lines only changed places are told apart too', () => {
  expect(differingLines('a\nb\n', 'b\na\n')).toEqual(['the same lines stand in another order'])
})

test('of many differences the first twelve are shown, and how many are not', () => {
  const many = Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n')
  const differences = differingLines('', many)
  expect(differences).toHaveLength(13)
  expect(differences.at(-1)).toBe('… and 9 more')
})
