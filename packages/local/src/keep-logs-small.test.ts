import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shorten } from './keep-logs-small.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'logs '))
})
afterEach(() => rm(home, { recursive: true }))

test('a log that grew too large is moved aside, and its writer goes on', async () => {
  const file = join(home, 'a.log')
  const writer = openSync(file, 'a')
  writeSync(writer, 'much too long\n')

  await shorten(file, 10)
  writeSync(writer, 'next\n')
  closeSync(writer)

  expect(readFileSync(file, 'utf8')).toBe('next\n')
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('much too long\n')
})

test('a small log, or none, is left alone', async () => {
  const file = join(home, 'a.log')
  await shorten(file, 10)
  appendFileSync(file, 'short\n')
  await shorten(file, 10)

  expect(readFileSync(file, 'utf8')).toBe('short\n')
})
