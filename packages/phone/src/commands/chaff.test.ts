import { expect, test } from 'vitest'
import { fakeSystem } from '../testing/fake-system.ts'
import { within } from '../testing/run-phone.ts'

test('chaff is sent, and what an observer sees of the reply is told', async () => {
  await using system = await fakeSystem()

  const { status, out } = await within(system, 'chaff')
  const asJson = await within(system, 'chaff', '--json')

  expect(status).toBe(0)
  expect(out).toMatch(/^status 200, 18 bytes, \d+ ms$/)
  expect(JSON.parse(asJson.out)).toEqual({
    status: 200,
    sizeBytes: 18,
    durationMs: expect.any(Number),
  })
  expect(system.published).toEqual([])
  expect(system.chaff).toHaveLength(2)
})

test('it is as large as asked for', async () => {
  await using system = await fakeSystem()

  await within(system, 'chaff', '--days', '1')
  await within(system, 'chaff', '--days', '100')

  const [small = 0, large = 0] = system.chaff
  // Each key is about 100 bytes, and padding differs by less than 1 400.
  expect(large - small).toBeGreaterThan(5000)
})
