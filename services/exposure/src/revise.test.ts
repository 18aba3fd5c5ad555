import { readFileSync } from 'node:fs'
import { exposures, sql } from '@ens/database'
import {
  type Exposure,
  keyToBase64,
  type ReportType,
  type SentKey,
  settleDuplicates,
} from '@ens/domain'
import { anExposure, OCTOBER_5_NOON } from '@ens/domain/testing'
import type { App } from '@ens/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { storePublish } from './store-publish.ts'
import {
  publishBody,
  publishTo,
  type Reply,
  sentKey,
  type TestServer,
  testServer,
} from './testing/test-server.ts'

interface GivenKey {
  key: string
  rollingStartNumber: number
  rollingPeriod: number
  reportType: ReportType
  localProvenance: boolean
  revisedAt?: string
  revisedReportType?: ReportType
}

type ListedKey = Pick<GivenKey, 'key' | 'rollingStartNumber' | 'rollingPeriod'>

interface Case {
  name: string
  description: string
  existing: GivenKey[]
  incoming: GivenKey[]
  token: ListedKey[] | 'UNDECRYPTABLE' | 'NOT_BASE64' | null
  requireToken: boolean
  allowPartialRevisions: boolean
  expect: {
    httpStatus: number
    code?: string
    inserted?: number
    revised?: number
    dropped?: number
    newTokenKeys?: string[]
  }
}

const { requestCases }: { requestCases: Case[] } = JSON.parse(
  readFileSync(new URL('../testdata/publish-revise.json', import.meta.url), 'utf8'),
)

/** In the window before: these keys may be public. */
const EARLIER = new Date('2020-10-05T11:00:00Z')

let server: TestServer
let partial: App
beforeAll(async () => {
  server = await testServer()
  await server.register({ name: 'free.example.app', bypassRevisionToken: true })
  partial = await server.another({ variables: { ALLOW_PARTIAL_REVISIONS: 'true' } })
})
afterAll(() => server.close())
beforeEach(() => server.db.execute(sql`truncate exposure, publish_event`))

/** A certificate gives one report type to all keys of a publish; other sources may mix them. */
const isMixed = ({ incoming }: Case) =>
  new Set(incoming.map(({ reportType }) => reportType)).size > 1

describe('a publish of known keys ends as on the reference server', () => {
  test.each(requestCases.filter((given) => !isMixed(given)))(
    '$name: $description',
    async (given) => {
      const { httpStatus, code, newTokenKeys, ...counts } = given.expect
      await store(given.existing)
      const reply = await send(given)
      expect([reply.status, reply.body.code]).toEqual([httpStatus, code])
      if (httpStatus !== 200) return expect(await countRows()).toBe(given.existing.length)
      expect(reply.body.insertedExposures).toBe(counts.inserted || undefined)
      expect(server.lines.findLast(({ message }) => message === 'publish stored')).toMatchObject(
        counts,
      )
      expect(await keysIn(reply)).toEqual([...(newTokenKeys ?? [])].sort())
    },
  )

  test.each(requestCases.filter(isMixed))('$name: $description', async (given) => {
    await store(given.existing)
    const publish = storePublish(server.db, {
      exposures: settleDuplicates(given.incoming.map(exposureFrom)),
      rules: {
        token: { is: 'read', keys: given.existing.map(exposureFrom) },
        requiresToken: given.requireToken,
        allowsPartialRevisions: given.allowPartialRevisions,
        notExportedSince: OCTOBER_5_NOON,
      },
      admission: { arrivedAt: OCTOBER_5_NOON, maxSkewMs: undefined, maxWaitMs: 1000 },
      statistics: () => undefined,
      statementTimeoutMs: 1000,
    })
    await expect(publish).rejects.toMatchObject({ code: given.expect.code })
    expect((await readAll()).map(({ revision }) => revision)).toEqual([undefined, undefined])
  })
})

test('a key that is revised before its first release keeps its embargo, and the revision has the same', async () => {
  const today = sentKey(0, { rollingStartNumber: 2_669_760 })
  const released = new Date('2020-10-06T01:00:00Z')
  const first = await server.publish(publishBody([today], { reportType: 'likely' }))
  const { revisionToken } = first.body
  await server.publish(publishBody([today], { body: { revisionToken } }))
  expect(await readAll()).toMatchObject([
    { createdAt: released, revision: { reportType: 'confirmed', revisedAt: released } },
  ])
})

test('a revision is counted as one, without ages', async () => {
  const first = await server.publish(publishBody([sentKey(0)], { reportType: 'likely' }))
  const { revisionToken } = first.body
  await server.publish(publishBody([sentKey(0), sentKey(1)], { body: { revisionToken } }))
  expect(
    await server.db.query(sql`
      select key_count, oldest_key_days, onset_age_days, missing_onset from publish_event where revision`),
  ).toEqual([{ key_count: 2, oldest_key_days: null, onset_age_days: null, missing_onset: false }])
})

test('what changes nothing is not counted again', async () => {
  const first = await server.publish(publishBody([sentKey(0)]))
  const { revisionToken } = first.body
  await server.publish(publishBody([sentKey(0)], { body: { revisionToken } }))
  expect(await server.db.query(sql`select from publish_event`)).toHaveLength(1)
})

test('of two different revisions at once one wins, and the other is told', async () => {
  const keys = Array.from({ length: 14 }, (_, i) => sentKey(i))
  const first = await server.publish(publishBody(keys, { reportType: 'likely' }))
  const { revisionToken } = first.body
  const replies = await Promise.all(
    (['confirmed', 'negative', 'confirmed', 'negative'] as const).map((reportType) =>
      server.publish(publishBody(keys, { reportType, body: { revisionToken } })),
    ),
  )
  const outcomes = replies.map(({ status, body }) => body.code ?? String(status)).sort()
  expect(outcomes).toEqual(['200', '200', 'key_already_revised', 'key_already_revised'])
  const types = (await readAll()).map(({ revision }) => revision?.reportType)
  expect(new Set(types).size).toBe(1)
})

test('the length of a token does not tell how many keys it lists', async () => {
  const lengths = new Set<number | undefined>()
  for (const count of [1, 2, 14, 30]) {
    await server.db.execute(sql`truncate exposure`)
    const keys = Array.from({ length: count }, (_, i) => sentKey(i))
    const { body } = await server.publish(publishBody(keys))
    lengths.add(body.revisionToken?.length)
  }
  expect(lengths.size).toBe(1)
})

async function store(given: readonly GivenKey[]): Promise<void> {
  for (const one of given) {
    await server.db.transaction(async (tx) => {
      const exposure = exposureFrom(one)
      const { revision: _, ...unrevised } = exposure
      await exposures.write(tx, { inserts: [unrevised], revisions: [], statistics: undefined })
      if (!exposure.revision) return
      const revision = { key: exposure.key, healthAuthorityId: undefined, ...exposure.revision }
      await exposures.write(tx, { inserts: [], revisions: [revision], statistics: undefined })
    })
  }
}

function exposureFrom(given: GivenKey): Exposure {
  const revisedAt = given.revisedAt && new Date(given.revisedAt)
  return anExposure({
    key: Buffer.from(given.key, 'base64'),
    intervalNumber: given.rollingStartNumber,
    intervalCount: given.rollingPeriod,
    reportType: given.reportType,
    localProvenance: given.localProvenance,
    createdAt: EARLIER,
    ...(revisedAt && {
      revision: {
        revisedAt,
        reportType: given.revisedReportType ?? 'confirmed',
        daysSinceSymptomOnset: undefined,
        transmissionRisk: 2,
      },
    }),
  })
}

async function send(given: Case): Promise<Reply> {
  const keys = given.incoming.map(asSent)
  const body = publishBody(keys.length > 0 ? keys : [tooFarFromOnset], {
    reportType: given.incoming[0]?.reportType ?? 'confirmed',
    symptomOnsetInterval: 2_669_760,
    body: {
      healthAuthorityID: given.requireToken ? 'com.example.app' : 'free.example.app',
      revisionToken: await tokenFor(given.token),
    },
  })
  return publishTo(given.allowPartialRevisions ? partial : server.app, body)
}

const tooFarFromOnset = sentKey(0, { rollingStartNumber: 2_669_616 - 14 * 144 })

function asSent({ key, rollingStartNumber, rollingPeriod }: GivenKey): SentKey {
  return { key, rollingStartNumber, rollingPeriod, transmissionRisk: 0 }
}

async function tokenFor(token: Case['token']): Promise<string> {
  if (token === null) return ''
  if (token === 'NOT_BASE64') return 'not base64!'
  if (token === 'UNDECRYPTABLE') return Buffer.from('no token of ours').toString('base64')
  return server.seals.seal(
    token.map(({ key, rollingStartNumber, rollingPeriod }) => ({
      key: Buffer.from(key, 'base64'),
      intervalNumber: rollingStartNumber,
      intervalCount: rollingPeriod,
    })),
  )
}

async function keysIn({ body }: Reply): Promise<string[]> {
  const listed = await server.seals.open(body.revisionToken ?? '')
  return (listed ?? []).map(({ key }) => keyToBase64(key)).sort()
}

async function readAll(): Promise<Exposure[]> {
  const rows = await server.db.query<{ exposure_key: Buffer }>(
    sql`select exposure_key from exposure`,
  )
  const keys = rows.map(({ exposure_key }) => exposure_key)
  return server.db.transaction((tx) => exposures.lockStored(tx, keys))
}

const countRows = async () => (await readAll()).length
