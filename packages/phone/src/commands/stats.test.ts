import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshKeyPair } from '@ens/verification/testing'
import { expect, test } from 'vitest'
import { DAY, fakeSystem } from '../testing/fake-system.ts'
import { within } from '../testing/run-phone.ts'

test('the health authority sees its days in a table', async () => {
  await using system = await fakeSystem()

  const { status, out } = await within(system, 'stats')

  expect(status).toBe(0)
  expect(out.split('\n')).toEqual([
    'day         publishes  android  ios  unknown  keys  revisions  no onset',
    '2026-11-20  42         10       30   2        400   3          5',
  ])
})

test('a program sees all of them', async () => {
  await using system = await fakeSystem()

  const { out } = await within(system, 'stats', '--json')

  expect(JSON.parse(out)).toEqual({ accepted: true, status: 200, days: [DAY] })
})

test('that no day may be shown is an answer', async () => {
  await using system = await fakeSystem()
  system.days.length = 0

  const { status, out } = await within(system, 'stats')

  expect(status).toBe(0)
  expect(out).toContain('no day may be shown')
})

test('a stranger, and a token for another server, are refused with status 1', async () => {
  await using system = await fakeSystem()
  const stranger = join(system.folder, 'stranger.pem')
  writeFileSync(stranger, freshKeyPair().privateKey.export({ type: 'pkcs8', format: 'pem' }))

  const unsigned = await within(system, 'stats', '--private-key', stranger)
  const elsewhere = await within(system, 'stats', '--audience', 'elsewhere', '--json')

  expect(unsigned.status).toBe(1)
  expect(unsigned.out).toMatch(/^reply: 401, refused: unauthorized: /)
  expect(elsewhere.status).toBe(1)
  expect(JSON.parse(elsewhere.out)).toMatchObject({ status: 401, code: 'unauthorized', days: [] })
})
