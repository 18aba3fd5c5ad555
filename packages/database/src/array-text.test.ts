import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import sql from 'sql-template-tag'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instantArray, numberArray } from './array-text.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase()
})
afterAll(() => db.close())

test('PostgreSQL reads the numbers that were meant', async () => {
  const number = fc.option(fc.integer(), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(fc.array(number), async (numbers) => {
      const [row] = await db.query<{ read: unknown[] }>(
        sql`select ${numberArray(numbers)}::integer[] as read`,
      )
      expect(row?.read).toEqual(numbers.map((value) => value ?? null))
    }),
    { numRuns: runs(50) },
  )
})

test('PostgreSQL reads the instants that were meant', async () => {
  const date = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(date), async (dates) => {
      const [row] = await db.query<{ read: Date[] }>(
        sql`select ${instantArray([...dates, ...dates])}::timestamptz[] as read`,
      )
      expect(row?.read).toEqual([...dates, ...dates])
    }),
    { numRuns: runs(50) },
  )
})
