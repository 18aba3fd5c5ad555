export {
  type Certificate,
  type CertificateOptions,
  certifyHmac,
  certifyKeys,
  type Diagnosis,
  type Issuer,
} from './certify-keys.ts'
export {
  type DownloadInput,
  downloadArchives,
  listArchives,
  type NamedArchive,
} from './download-archives.ts'
export { type FoundKey, findKeys, type Sighting } from './find-keys.ts'
export type { HttpLimits } from './http.ts'
export { makeKeys, type PhoneKey, type RandomBytes } from './make-keys.ts'
export { type PublishInput, type PublishOutcome, publish } from './publish.ts'
export { type ReadArchive, readTrusted, type Trust } from './read-archives.ts'
export { readStats, type StatsInput, type StatsOutcome, type StatsReader } from './read-stats.ts'
export { type ChaffInput, type ChaffOutcome, sendChaff } from './send-chaff.ts'
