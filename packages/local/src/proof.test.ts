import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import type { ReportType } from '@ens/domain'
import { type TestSigner, testArchive, testSigner } from '@ens/export-file/testing'
import type { PhoneKey } from '@ens/phone'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readListed } from './archives-as-phone.ts'
import { type Cdn, startCdn } from './cdn.ts'
import { authorityPublicKey } from './demo-authority.ts'
import { DEMO } from './demo-configuration.ts'
import { folderOrigin } from './origins.ts'
import {
  findAsPhone,
  findRevisedAsPhone,
  type ProofDeps,
  publishAsPhone,
  reviseAsPhone,
} from './proof.ts'

const NOON = new Date('2020-06-15T12:00:00Z')

let home: string
let cdn: Cdn
let publishing: Server
let reply: { status: number; body: object }
let signer: TestSigner
let deps: ProofDeps
/** The bodies of what was published. */
const sent: { revisionToken?: string; verificationPayload: string }[] = []
const listed: string[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'proof '))
  await mkdir(join(home, 'bucket', 'demo'), { recursive: true })
  cdn = await startCdn(folderOrigin(home), 0)
  reply = { status: 200, body: { insertedExposures: 3, revisionToken: 'AAAA', padding: 'AAAA' } }
  publishing = createServer((request, response) => {
    void json(request).then((body) => {
      sent.push(body as (typeof sent)[number])
      response.writeHead(reply.status).end(JSON.stringify(reply.body))
    })
  }).listen(0, '127.0.0.1')
  await once(publishing, 'listening')
  signer = testSigner('001', 'v1')
  listed.length = 0
  sent.length = 0
  deps = await proofDeps()
})

afterEach(async () => {
  publishing.closeAllConnections()
  publishing.close()
  await cdn.close()
  await rm(home, { recursive: true })
})

async function proofDeps(): Promise<ProofDeps> {
  const privateKeyFile = join(home, 'private.pem')
  await authorityPublicKey(privateKeyFile)
  return {
    demo: {
      publishUrl: `http://127.0.0.1:${(publishing.address() as AddressInfo).port}/v1/publish`,
      healthAuthorityID: DEMO.appName,
      issuer: DEMO.issuer,
      audience: DEMO.audience,
      keyId: 'v1',
      privateKeyFile,
      region: DEMO.region,
      statsUrl: '',
      openApiUrl: '',
      indexUrl: `${cdn.url}/bucket/demo/index.txt`,
      exportRootUrl: `${cdn.url}/bucket`,
      exportPublicKeyFile: '',
      exportKeyId: '001',
      exportKeyVersion: 'v1',
      createBatchesUrl: '',
      doWorkUrl: '',
      cleanupExposureUrl: '',
      cleanupExportUrl: '',
      rotateKeysUrl: '',
      jwksUrl: '',
      jobToken: '',
      databaseUrl: '',
    },
    publicKeys: [signer],
    releasesSameDayKeys: false,
    now: () => NOON,
    signal: new AbortController().signal,
  }
}

/** Puts an archive with these keys into the bucket, and its name into the index. */
async function list(
  name: string,
  keys: readonly PhoneKey[],
  more: { by?: TestSigner; revised?: readonly PhoneKey[]; reportType?: ReportType } = {},
): Promise<void> {
  const { by = signer, revised = [], reportType = 'likely' } = more
  const archive = await testArchive(by, exported(keys, reportType), {
    region: DEMO.region,
    revisedKeys: exported(revised, 'confirmed'),
  })
  await writeFile(join(home, 'bucket', name), archive)
  listed.push(name)
  await writeFile(join(home, 'bucket', 'demo', 'index.txt'), listed.join('\n'))
}

const exported = (keys: readonly PhoneKey[], reportType: ReportType) =>
  keys.map((key) => ({
    key: Buffer.from(key.key, 'base64'),
    transmissionRisk: 2,
    intervalNumber: key.rollingStartNumber,
    intervalCount: key.rollingPeriod,
    reportType,
    daysSinceSymptomOnset: 0,
  }))

test('of three days, today’s key is kept back until its end and the next window', async () => {
  const published = await publishAsPhone(deps)

  expect([published.due.length, published.embargoed.length]).toEqual([2, 1])
  expect(published.embargoedUntil).toEqual(new Date('2020-06-16T00:00:02Z'))
})

test('a server that keeps nothing back owes all keys at once', async () => {
  const published = await publishAsPhone({ ...deps, releasesSameDayKeys: true })

  expect([published.due.length, published.embargoed.length]).toEqual([3, 0])
})

test('a refused publish fails the proof, with the server’s words', async () => {
  reply = { status: 401, body: { code: 'unknown_health_authority_id', error: 'who?', padding: '' } }

  await expect(publishAsPhone(deps)).rejects.toMatchObject({
    code: 'local_proof_failed',
    message: 'the publish was refused: 401 unknown_health_authority_id who?',
  })
})

test('the keys are found once their archive is listed, however long there was no index', async () => {
  const published = await publishAsPhone(deps)
  expect(await readListed(deps)).toEqual({ archives: 0, keys: 0, last: undefined })
  const finding = findAsPhone(deps, published, undefined)

  await list('demo/1-2-00001.zip', published.due.slice(0, 1))
  await list('demo/2-3-00001.zip', published.due.slice(1))

  expect(await finding).toEqual(['demo/1-2-00001.zip', 'demo/2-3-00001.zip'])
})

test('what was listed before is read, and not looked through again', async () => {
  const earlier = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', earlier.due)
  const { archives, keys, last } = await readListed(deps)
  expect({ archives, keys, last }).toEqual({ archives: 1, keys: 2, last: 'demo/1-2-00001.zip' })

  const published = await publishAsPhone(deps)
  await list('demo/2-3-00001.zip', published.due)
  expect(await findAsPhone(deps, published, last)).toEqual(['demo/2-3-00001.zip'])
})

test('a key that is still valid fails the proof', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', [...published.due, ...published.embargoed])

  await expect(findAsPhone(deps, published, undefined)).rejects.toThrow(
    'a key that is still valid is in demo/1-2-00001.zip already',
  )
})

test('a key that is listed twice fails the proof', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', published.due)
  await list('demo/2-3-00001.zip', published.due)

  await expect(findAsPhone(deps, published, undefined)).rejects.toThrow('more than once')
})

test('an archive that a stranger signed fails the proof', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', published.due, { by: testSigner('001', 'v1') })

  await expect(findAsPhone(deps, published, undefined)).rejects.toMatchObject({
    code: 'export_signature_invalid',
  })
})

test('a key that is listed as something else than was published fails the proof', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', published.due, { reportType: 'confirmed' })

  await expect(findAsPhone(deps, published, undefined)).rejects.toThrow(
    'a key is in demo/1-2-00001.zip among keys as confirmed, not among keys as likely',
  )
})

test('a revision is all keys once more, with the token of the first publish and another certificate', async () => {
  const published = await publishAsPhone(deps)
  await reviseAsPhone(deps, published)

  const [first, second] = sent
  expect(first?.revisionToken).toBeUndefined()
  expect(second).toEqual({
    ...first,
    revisionToken: 'AAAA',
    verificationPayload: expect.not.stringMatching(first?.verificationPayload ?? ''),
    hmacKey: expect.any(String),
    padding: expect.any(String),
  })
})

test('the revision is found once it is among the revised keys of a later archive', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', published.due)
  const first = await findAsPhone(deps, published, undefined)
  const finding = findRevisedAsPhone(deps, published, first)

  await list('demo/2-3-00001.zip', [])
  await list('demo/3-4-00001.zip', [], { revised: published.due })

  expect(await finding).toEqual(['demo/3-4-00001.zip'])
})

test('keys that come a second time, unrevised, fail the proof of the revision', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', published.due)
  await list('demo/2-3-00001.zip', published.due)

  await expect(findRevisedAsPhone(deps, published, ['demo/1-2-00001.zip'])).rejects.toThrow(
    'among keys as likely, not among revised_keys as confirmed',
  )
})

test('a key that is still valid is not shown by its revision either', async () => {
  const published = await publishAsPhone(deps)
  await list('demo/1-2-00001.zip', [], { revised: [...published.due, ...published.embargoed] })

  await expect(findRevisedAsPhone(deps, published, [])).rejects.toThrow('still valid')
})
