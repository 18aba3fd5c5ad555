import { exposures, type Queryable } from '@ens/database'
import { daysBetween, type Exposure, truncate } from '@ens/domain'
import pg from 'pg'
import { newKeys, onsetInterval } from '../load/publishes.ts'
import type { Lane } from '../load/samples.ts'
import { APP, REGION } from '../stand/configuration.ts'

const HOUR_MS = 3_600_000
const MAX_SKEW_MS = 15_000

/** The publish statement, ready for the driver. */
export interface BarePublish {
  text: string
  values: unknown[]
  /** Which of the values is the moment of arrival; the statement refuses old ones, so it is set when it is sent. */
  arrivalAt: number
}

/** The very statement that the exposure service sends, with as much in it, but without the service. */
export async function barePublish(healthAuthorityId: number, now: Date): Promise<BarePublish> {
  const arrivedAt = new Date(now)
  const recorded = recordStatement()
  await exposures.insertAll(recorded.db, {
    exposures: newExposures(healthAuthorityId, now),
    admission: { arrivedAt, maxSkewMs: MAX_SKEW_MS, maxWaitMs: 10_000 },
    statistics: {
      healthAuthorityId,
      hour: truncate(now, HOUR_MS),
      platform: 1,
      oldestKeyDays: 14,
      onsetAgeDays: 4,
      isRevision: false,
      isOnsetMissing: false,
    },
  })
  const { text, values } = recorded.statement()
  return { text, values, arrivalAt: values.indexOf(arrivedAt) }
}

/** A connection of the driver, as the service's pool has them. */
export async function bareLane(url: string): Promise<Lane<BarePublish>> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  await client.connect()
  return {
    async send({ text, values, arrivalAt }) {
      const sentAt = performance.now()
      const current = values.with(arrivalAt, new Date())
      await client.query({ name: 'publish', text, values: current })
      const doneAt = performance.now()
      return { status: 200, sentAt, firstByteAt: doneAt, doneAt, bytes: 0 }
    },
    close: () => client.end(),
  }
}

function newExposures(healthAuthorityId: number, now: Date): Exposure[] {
  const onset = onsetInterval(now)
  const createdAt = truncate(now, HOUR_MS)
  return newKeys(now)
    .map(({ key, rollingStartNumber, rollingPeriod }) => ({
      key: Buffer.from(key, 'base64'),
      transmissionRisk: 2,
      appPackageName: APP,
      regions: [REGION],
      traveler: false,
      intervalNumber: rollingStartNumber,
      intervalCount: rollingPeriod,
      createdAt,
      localProvenance: true,
      reportType: 'confirmed' as const,
      healthAuthorityId,
      daysSinceSymptomOnset: daysBetween(onset, rollingStartNumber),
    }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
}

/** A database that only writes down what it is asked. */
function recordStatement() {
  let last: { text: string; values: unknown[] } | undefined
  const db: Queryable = {
    async query({ text, values }) {
      last = { text, values }
      return []
    },
    async execute({ text, values }) {
      last = { text, values }
      return 0
    },
  }
  return {
    db,
    statement() {
      if (!last) throw new Error('no statement was sent')
      return last
    },
  }
}
