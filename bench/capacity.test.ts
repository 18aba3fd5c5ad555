import { expect, test } from 'vitest'
import { type Deployment, sizeDeployment } from './capacity.ts'

const MEASURED = { publishesPerSecond: 2000, bytesPerStoredKey: 200, bytesPerExportedKey: 17 }

const COUNTRY: Deployment = {
  population: 10_000_000,
  adoption: 0.5,
  incidence: 200,
  sharing: 0.4,
  keysPerPublish: 14,
  periodHours: 4,
  retentionDays: 14,
  chaffPerPhone: 0,
  peakFactor: 10,
  downloadsPerDay: 6,
}

test('publishes follow from who has the app, falls ill and shares', () => {
  const { publishesPerDay, liveKeys, databaseBytes } = sizeDeployment(COUNTRY, MEASURED)

  expect(publishesPerDay).toBe(4000)
  expect(liveKeys).toBe(4000 * 14 * 14)
  expect(databaseBytes).toBe(4000 * 14 * 14 * 200 * 2)
})

test('every phone downloads every key once', () => {
  const { keysPerArchive, bytesPerPhonePerDay, egressBytesPerDay } = sizeDeployment(
    COUNTRY,
    MEASURED,
  )

  expect(keysPerArchive).toBeCloseTo((4000 * 14) / 6)
  expect(bytesPerPhonePerDay).toBeCloseTo(4000 * 14 * 17 + 6 * 2000)
  expect(egressBytesPerDay).toBeCloseTo(5_000_000 * (4000 * 14 * 17 + 6 * 2000))
})

test('a quiet country still fills its archives up', () => {
  expect(sizeDeployment({ ...COUNTRY, incidence: 1 }, MEASURED).keysPerArchive).toBe(1000)
})

test('chaff loads the service as publishes do, and the busiest second decides', () => {
  const quiet = sizeDeployment(COUNTRY, MEASURED)
  const busy = sizeDeployment({ ...COUNTRY, chaffPerPhone: 3, peakFactor: 15 }, MEASURED)

  expect(quiet.instances).toBe(2)
  expect(busy.requestsPerSecondPeak).toBeCloseTo((15 * (4000 + 3 * 5_000_000)) / 86_400)
  expect(busy.instances).toBe(4)
})
