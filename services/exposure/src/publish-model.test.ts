import { exposures, sql } from '@ens/database'
import type { ReportType } from '@ens/domain'
import { aKey, OCTOBER_5_NOON } from '@ens/domain/testing'
import { runs } from '@ens/property-tests'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ModelKey, type ModelPublish, PublishModel } from './testing/publish-model.ts'
import { publishBody, sentKey, type TestServer, testServer } from './testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

const reportTypes = fc.constantFrom<ReportType>('likely', 'confirmed', 'user-report', 'negative')
const keys = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 5 })
const publishes = fc.array(
  fc.record({
    keys,
    reportType: reportTypes,
    token: fc.option(fc.nat(6), { nil: undefined }),
    nextHour: fc.boolean(),
  }),
  { minLength: 1, maxLength: 10 },
)

test('after any publishes and revisions, in any order, the database is what a simple model says', async () => {
  await fc.assert(
    fc.asyncProperty(publishes, async (steps) => {
      await server.db.execute(sql`truncate exposure, publish_event`)
      const model = new PublishModel()
      const tokens: string[] = []
      let hour = 0
      for (const { nextHour, ...step } of steps) {
        hour += nextHour ? 1 : 0
        const publish = { ...step, hour }
        const wanted = model.publish(publish)
        const { status, body } = await send(publish, tokens)
        expect([status, body.code]).toEqual([wanted === undefined ? 200 : 400, wanted])
        // An upload that repeats a token's keys may list nothing: then there is no token.
        if (wanted === undefined) tokens.push(body.revisionToken ?? '')
      }
      expect(await storedKeys()).toEqual([...model.stored].sort(([a], [b]) => a - b))
      expect(await counts()).toEqual({ publishes: model.publishes, keys: model.keysWritten })
    }),
    { numRuns: runs(60) },
  )
})

test('publishes and revisions that come all at once never deadlock, never fail for our reasons, and lose no revision', async () => {
  const crowd = fc.array(fc.record({ keys, reportType: reportTypes }), {
    minLength: 2,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(crowd, async (steps) => {
      await server.db.execute(sql`truncate exposure, publish_event`)
      const all = Array.from({ length: 10 }, (_, number) => number)
      const first = { keys: all, reportType: 'user-report' as const, token: undefined, hour: 0 }
      const token = (await send(first, [])).body.revisionToken ?? ''
      const replies = await Promise.all(
        steps.map((step) => send({ ...step, token: 0, hour: 0 }, [token])),
      )
      const refusals = replies.filter(({ status }) => status !== 200).map(({ body }) => body.code)
      expect(['key_already_revised', 'invalid_report_type_transition']).toEqual(
        expect.arrayContaining([...new Set(refusals)]),
      )
      const revised = (await storedKeys()).filter(([, { revisedTo }]) => revisedTo)
      expect((await counts()).keys).toBe(10 + revised.length)
      const accepted = steps.filter((_, i) => replies[i]?.status === 200)
      for (const { keys, reportType } of accepted.filter(
        (step) => step.reportType !== 'user-report',
      ))
        for (const key of keys)
          expect(revised.find(([number]) => number === key)?.[1].revisedTo).toBe(reportType)
    }),
    { numRuns: runs(30) },
  )
})

function send({ keys, reportType, token, hour }: ModelPublish, tokens: readonly string[]) {
  server.clock.at = new Date(OCTOBER_5_NOON.getTime() + hour * 3_600_000)
  const sent = keys.map((number) => sentKey(number))
  const revisionToken = token === undefined ? '' : (tokens[token] ?? '')
  const options = { reportType, issuedAt: server.clock.at, body: { revisionToken } }
  return server.publish(publishBody(sent, options))
}

async function storedKeys(): Promise<[number, ModelKey][]> {
  const all = Array.from({ length: 10 }, (_, number) => aKey(number))
  const rows = await server.db.transaction((tx) => exposures.lockStored(tx, all))
  return rows.map((row) => [
    row.key.readUInt32BE(),
    {
      reportType: row.reportType ?? 'confirmed',
      revisedTo: row.revision?.reportType,
      hour: (row.createdAt.getTime() - OCTOBER_5_NOON.getTime()) / 3_600_000,
    },
  ])
}

async function counts() {
  const [row] = await server.db.query<{ publishes: number; keys: number }>(sql`
    select count(*) as publishes, coalesce(sum(key_count), 0)::integer as keys from publish_event`)
  return row ?? { publishes: 0, keys: 0 }
}
