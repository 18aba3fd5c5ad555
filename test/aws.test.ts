import {
  certifyKeys,
  downloadArchives,
  makeKeys,
  type PhoneKey,
  publish,
  type ReadArchive,
  readTrusted,
} from '@ens/phone'
import { type FaultyLink, faultyLink } from '@ens/provider-servers'
import { type KmsServer, kmsServer, type S3Server, s3Server } from '@ens/provider-servers/aws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { awsKmsKeyManager } from '../packages/keys/src/aws-kms.ts'
import { awsS3Blobstore } from '../packages/storage/src/aws-s3.ts'
import { APP, BUCKET, type Fleet, startFleet } from './fleet.ts'

const HOUR_MS = 3_600_000
const START = new Date('2026-03-10T08:10:00Z')
const RUN_MS = 1_000

let s3: S3Server
let kms: KmsServer
let toS3: FaultyLink
let toKms: FaultyLink
let fleet: Fleet
beforeAll(async () => {
  s3 = await s3Server([BUCKET])
  kms = await kmsServer()
  toS3 = await faultyLink(s3)
  toKms = await faultyLink(kms)
  const { region, credentials } = s3
  const at = ({ port }: FaultyLink) => ({
    endpoint: `http://127.0.0.1:${port}`,
    region,
    credentials,
  })
  fleet = await startFleet(START, {
    keyManager: awsKmsKeyManager(at(toKms)),
    revisionKeyId: kms.addEncryptionKey(),
    signingKeyVersionId: kms.addSigningKey(),
    blobstore: awsS3Blobstore({ ...at(toS3), pathStyle: true }),
    bucketUrl: `${s3.url}/${BUCKET}`,
  })
  await fleet.addExport({ filenameRoot: 'mx', periodSeconds: 3600 })
})
afterAll(async () => {
  await fleet.close()
  for (const other of [toS3, toKms, s3, kms]) await other.close()
})

async function publishAsPhone(days: number): Promise<PhoneKey[]> {
  const now = fleet.now()
  const keys = makeKeys({ days, now })
  const certificate = certifyKeys(fleet.issuer, { reportType: 'confirmed' }, keys, { now })
  const phone = { url: fleet.publishUrl, healthAuthorityID: APP, keys, certificate }
  expect(await publish(phone)).toMatchObject({ status: 200, reply: { insertedExposures: days } })
  return keys
}

/** What phones get, straight from the bucket: every archive that the index lists must be there, whole, and well signed. */
async function readAll(): Promise<ReadArchive[]> {
  const archives: ReadArchive[] = []
  const place = { indexUrl: `${fleet.cdnUrl}/mx/index.txt`, rootUrl: fleet.cdnUrl }
  for await (const archive of downloadArchives(place))
    archives.push(await readTrusted(archive, { publicKeys: fleet.publicKeys }))
  return archives
}

const listed = (archives: readonly ReadArchive[]) =>
  archives.flatMap(({ contents }) =>
    contents.keys.map(({ key }) => Buffer.from(key ?? []).toString('base64')),
  )

/** What no run gets over; it ends by its deadline or with an error. */
const OUTAGES: Record<string, () => void> = {
  'the store hangs': () => toS3.hang(),
  'the store is away': () => toS3.cut(),
  'the store turns every request away': () => s3.throttle(Number.POSITIVE_INFINITY),
  'the store denies permission': () => s3.refuse(true),
  'the key manager hangs': () => toKms.hang(),
  'the key manager denies permission': () => kms.refuse(true),
}

/** What a run gets over if it has the time. */
const HICCUPS: Record<string, () => void> = {
  'the store breaks an answer off': () => toS3.cutAnswerAfter(0),
  'the store breaks off a later answer': () => toS3.cutAnswerAfter(900),
  'the store turns some requests away': () => s3.throttle(3),
  'the store finds conflicts': () => s3.conflict(2),
  'the key manager breaks an answer off': () => toKms.cutAnswerAfter(200),
}

function mend(): void {
  for (const link of [toS3, toKms]) link.mend()
  for (const server of [s3, kms]) {
    server.refuse(false)
    server.throttle(0)
  }
  s3.conflict(0)
}

test('whatever fails at AWS, no key is lost or doubled, and no archive that is listed is half there', async () => {
  const published = await publishAsPhone(3)
  await nextHour()
  const succeeded: string[] = []
  for (const [name, fail] of Object.entries({ ...OUTAGES, ...HICCUPS })) {
    published.push(...(await publishAsPhone(3)))
    fail()
    if (await nextHour(AbortSignal.timeout(RUN_MS))) succeeded.push(name)
    mend()
    await readAll()
  }
  expect(succeeded.filter((name) => name in OUTAGES)).toEqual([])
  // Batches that failed are due again after a rest; today's keys are valid until midnight.
  for (let hour = 0; hour < 30; hour++) expect(await nextHour()).toBe(true)
  const archives = await readAll()
  expect(listed(archives).sort()).toEqual(published.map(({ key }) => key).sort())
  expect(archives.every(({ signatures }) => signatures.length === 1)).toBe(true)
}, 60_000)

/** Whether the export jobs succeed. Without an end to the waiting they would take longer than is allowed here. */
async function nextHour(signal?: AbortSignal): Promise<boolean> {
  fleet.moveTo(new Date(fleet.now().getTime() + HOUR_MS))
  const startedAt = performance.now()
  const succeeded = await fleet.runExports(signal).then(
    () => true,
    () => false,
  )
  expect(performance.now() - startedAt).toBeLessThan(9_000)
  return succeeded
}
