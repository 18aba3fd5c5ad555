const HOURS_PER_DAY = 24
const SECONDS_PER_DAY = 86_400
const PER_HUNDRED_THOUSAND = 100_000

/** What is known or guessed of a country before its server is set up. */
export interface Deployment {
  population: number
  /** Share of the population that has the app, from 0 to 1. */
  adoption: number
  /** Positive tests a day for each 100 000 people, at the worst time that the server is to stand. */
  incidence: number
  /** Share of the app's users with a positive test who publish, from 0 to 1. */
  sharing: number
  keysPerPublish: number
  /** Of an export. */
  periodHours: number
  /** How long keys are kept. */
  retentionDays: number
  /** How often a day a phone sends chaff. */
  chaffPerPhone: number
  /** How much busier the busiest second is than the mean one. */
  peakFactor: number
  /** How often a day a phone asks for the index, and then for what it has not got. */
  downloadsPerDay: number
}

/** What one machine does, as the bench has measured it. */
export interface Measured {
  /** At saturation, of one service process with its database. */
  publishesPerSecond: number
  /** With indexes. */
  bytesPerStoredKey: number
  bytesPerExportedKey: number
}

export interface Capacity {
  publishesPerDay: number
  requestsPerSecondMean: number
  requestsPerSecondPeak: number
  /** Processes of the exposure service; one more than needed, so that one may restart. */
  instances: number
  liveKeys: number
  databaseBytes: number
  keysPerArchive: number
  archiveBytes: number
  /** What one phone downloads a day. */
  bytesPerPhonePerDay: number
  /** From the CDN, all phones together. */
  egressBytesPerDay: number
}

/** Half of what saturates a process: from there on replies take visibly longer. */
const LOAD = 0.5
/** The index, its headers, and those of a download. */
const OVERHEAD_BYTES = 2000
/** Dead rows that wait for vacuum, the log that is being written, and room to rebuild an index. */
const DATABASE_ROOM = 2
/** An archive with fewer keys is filled up. */
const LEAST_KEYS_PER_ARCHIVE = 1000

/** How large a deployment has to be. */
export function sizeDeployment(given: Deployment, measured: Measured): Capacity {
  const users = given.population * given.adoption
  const publishesPerDay = (users * given.incidence * given.sharing) / PER_HUNDRED_THOUSAND
  // Chaff costs less than a publish; how much less depends on the app, so it counts as one.
  const requestsPerDay = publishesPerDay + users * given.chaffPerPhone
  const requestsPerSecondMean = requestsPerDay / SECONDS_PER_DAY
  const requestsPerSecondPeak = requestsPerSecondMean * given.peakFactor
  const keysPerDay = publishesPerDay * given.keysPerPublish
  const archivesPerDay = HOURS_PER_DAY / given.periodHours
  const keysPerArchive = Math.max(keysPerDay / archivesPerDay, LEAST_KEYS_PER_ARCHIVE)
  const archiveBytes = keysPerArchive * measured.bytesPerExportedKey
  const bytesPerPhonePerDay = archiveBytes * archivesPerDay + given.downloadsPerDay * OVERHEAD_BYTES
  const liveKeys = keysPerDay * given.retentionDays
  return {
    publishesPerDay,
    requestsPerSecondMean,
    requestsPerSecondPeak,
    instances: 1 + Math.ceil(requestsPerSecondPeak / (measured.publishesPerSecond * LOAD)),
    liveKeys,
    databaseBytes: liveKeys * measured.bytesPerStoredKey * DATABASE_ROOM,
    keysPerArchive,
    archiveBytes,
    bytesPerPhonePerDay,
    egressBytesPerDay: users * bytesPerPhonePerDay,
  }
}
