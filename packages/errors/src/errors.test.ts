import { expect, test } from 'vitest'
import { AppError, defineError, isAppError } from './index.ts'

const revised = defineError('conflict', 'key_already_revised', 'It was revised before.')

test('a declared error carries its kind, its code and the cause', () => {
  const cause = new Error('row')
  const error = revised('key 3 was revised before', { cause })
  expect(error).toBeInstanceOf(AppError)
  expect(error).toMatchObject({
    kind: 'conflict',
    code: 'key_already_revised',
    message: 'key 3 was revised before',
    cause,
    status: undefined,
  })
})

test('without particulars it says what it means', () => {
  expect(revised().message).toBe('It was revised before.')
})

test('the declaration can be read, for documents', () => {
  expect([revised.kind, revised.code, revised.meaning]).toEqual([
    'conflict',
    'key_already_revised',
    'It was revised before.',
  ])
})

test('an API may ask for another status than the kind’s', () => {
  const tooLarge = defineError('invalid', 'bad_request', 'Too large.', { status: 413 })
  expect(tooLarge().status).toBe(413)
})

test('other errors are not taken for coded ones', () => {
  expect(isAppError(revised())).toBe(true)
  expect(isAppError(Object.assign(new Error('x'), { kind: 'conflict', code: 'x' }))).toBe(false)
})
