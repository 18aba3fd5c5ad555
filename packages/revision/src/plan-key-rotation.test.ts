import { expect, test } from 'vitest'
import { planKeyRotation, type RotatableKey } from './plan-key-rotation.ts'
import { rotationVectors } from './testing/vectors.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const DAY_MS = 86_400_000

test.each(rotationVectors.cases)('$name', (example) => {
  const keys = example.keys.map((key) => ({ ...key, createdAt: new Date(key.createdAt) }))
  const { create, destroy } = planKeyRotation(
    keys,
    new Date(example.now),
    example.newKeyPeriodSeconds * 1000,
    example.deleteOldKeyPeriodSeconds * 1000,
  )
  const allowed = keys.filter((key) => key.allowed && !destroy.includes(key.kid))
  expect(create).toBe(example.expect.created)
  expect(destroy).toEqual(example.expect.destroyed)
  const after = [...allowed.map(({ kid }) => kid), ...(create ? ['NEW'] : [])]
  expect(after).toEqual(example.expect.allowedAfter)
})

test('the order in which keys are listed does not matter', () => {
  const ages = [30, 20, 1]
  const keys = ages.map((days, kid) => ({
    kid,
    createdAt: new Date(NOON.getTime() - days * DAY_MS),
  }))
  const plan = (listed: RotatableKey[]) => planKeyRotation(listed, NOON, 7 * DAY_MS, 15 * DAY_MS)
  expect(plan(keys)).toEqual({ create: false, destroy: [0] })
  expect(plan(keys.toReversed())).toEqual({ create: false, destroy: [0] })
})
