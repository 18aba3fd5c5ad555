import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodePublishBody,
  decodeStatsBody,
  type PublishReply,
  type PublishRequest,
  type StatsDay,
  type StatsResponse,
} from '@ens/api'
import type { VerifiedClaims } from '@ens/domain'
import { aHealthAuthority, anAuthorizedApp } from '@ens/domain/testing'
import { isAppError } from '@ens/errors'
import { type TestSigner, testArchive, testSigner } from '@ens/export-file/testing'
import { createStatsVerifier, createVerifier } from '@ens/verification'
import { freshKeyPair } from '@ens/verification/testing'
import { readBody, serve } from '../testing.ts'
import { type FakeStore, fakeStore } from './fake-store.ts'

export const NOW = new Date('2026-11-22T15:30:00Z')

const APP = anAuthorizedApp()
const ARCHIVE_NAME = 'us/1589400000-1589414400-00001.zip'

/** What the statistics say, to whom may read them. */
export const DAY: StatsDay = {
  day: '2026-11-20T00:00:00Z',
  publish_requests: { unknown: 2, android: 10, ios: 30 },
  total_teks_published: 400,
  requests_with_revisions: 3,
  tek_age_distribution: Array.from({ length: 16 }, () => 1),
  onset_to_upload_distribution: Array.from({ length: 30 }, () => 1),
  requests_missing_onset_date: 5,
}

/** A key server as a phone sees it, described as `start` describes its own. */
export interface FakeSystem extends AsyncDisposable {
  /** A folder of the test's own. */
  folder: string
  demoFile: string
  /** All that has been published so far, as it was understood. */
  published: { request: PublishRequest; claims: VerifiedClaims }[]
  /** How long each request was that was sent as chaff. */
  chaff: number[]
  /** The statistics that may be shown. */
  days: StatsDay[]
}

/**
 * Stands for publish service and CDN: it reads publishes and checks certificates as the real service does, and its
 * one archive holds all that was published so far.
 */
export async function fakeSystem(): Promise<FakeSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'phone-'))
  const { privateKey, publicKeyPem } = freshKeyPair()
  const signer = testSigner()
  const inside: Inside = {
    ...verifiers(publicKeyPem),
    store: fakeStore(),
    published: [],
    chaff: [],
    days: [DAY],
  }
  const server = await serve(async (request, response) => {
    const { status, body } = await answer(request, signer, inside)
    response.writeHead(status).end(body)
  })
  const demoFile = join(folder, 'demo.json')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const publicPem = signer.publicKey.export({ type: 'spki', format: 'pem' })
  await writeFile(join(folder, 'private.pem'), pem)
  await writeFile(join(folder, 'public.pem'), publicPem)
  await writeFile(demoFile, JSON.stringify(demoOf(server.url, signer)))
  const { published, chaff, days } = inside
  return {
    ...{ folder, demoFile, published, chaff, days },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

type Inside = Pick<FakeSystem, 'published' | 'chaff' | 'days'> &
  ReturnType<typeof verifiers> & { store: FakeStore }

interface Reply {
  status: number
  body: string | Buffer
}

function demoOf(url: string, { keyId, keyVersion }: TestSigner) {
  const { issuer, audience } = aHealthAuthority()
  return {
    publishUrl: `${url}/v1/publish`,
    statsUrl: `${url}/v1/stats`,
    healthAuthorityID: APP.name,
    issuer,
    audience,
    keyId: 'v1',
    privateKeyFile: 'private.pem',
    region: 'US',
    indexUrl: `${url}/bucket/us/index.txt`,
    exportRootUrl: `${url}/bucket`,
    exportPublicKeyFile: 'public.pem',
    exportKeyId: keyId,
    exportKeyVersion: keyVersion,
    jobToken: 'of no concern to phones',
  }
}

function verifiers(publicKey: string) {
  const key = { version: 'v1', publicKey, from: new Date(0), thru: undefined }
  const authority = aHealthAuthority({ keys: [key], enableStats: true })
  const findHealthAuthority = async (issuer: string) =>
    issuer === authority.issuer ? authority : undefined
  const deps = { findHealthAuthority, now: () => NOW }
  return {
    verify: createVerifier(deps),
    verifyStatsToken: createStatsVerifier({ ...deps, audience: 'keyserver' }),
  }
}

async function answer(
  request: IncomingMessage,
  signer: TestSigner,
  inside: Inside,
): Promise<Reply> {
  const body = await readBody(request)
  if (request.headers['x-chaff']) {
    inside.chaff.push(body.length)
    return { status: 200, body: '{"padding":"AAAA"}' }
  }
  if (request.url === '/v1/publish') return inJson(() => takePublish(request, body, inside))
  if (request.url === '/v1/stats') return inJson(() => tellStats(request, body, inside))
  return fileAt(request.url, signer, inside.store)
}

async function inJson(work: () => Promise<PublishReply | StatsResponse>): Promise<Reply> {
  try {
    return { status: 200, body: JSON.stringify({ padding: 'AAAA', ...(await work()) }) }
  } catch (error) {
    if (!isAppError(error)) throw error
    const { kind, code, message } = error
    const status = error.status ?? (kind === 'invalid' ? 400 : 401)
    return { status, body: JSON.stringify({ code, error: message, padding: 'AAAA' }) }
  }
}

async function takePublish(
  { headers }: IncomingMessage,
  body: string,
  { verify, published, store }: Inside,
): Promise<PublishReply> {
  const request = decodePublishBody(Buffer.from(body), headers['content-type'])
  const { temporaryExposureKeys: keys, verificationPayload: certificate, hmacKey } = request
  const claims = await verify({ certificate, hmacKey, keys, app: APP })
  const reply = store.take(request, claims)
  published.push({ request, claims })
  return reply
}

async function tellStats(
  { headers }: IncomingMessage,
  body: string,
  { verifyStatsToken, days }: Inside,
): Promise<StatsResponse> {
  decodeStatsBody(Buffer.from(body), headers['content-type'])
  await verifyStatsToken(headers.authorization)
  return { ...(days.length > 0 && { days }), padding: 'AAAA' }
}

async function fileAt(
  path: string | undefined,
  signer: TestSigner,
  { keys, revisedKeys }: FakeStore,
): Promise<Reply> {
  const isEmpty = keys.length + revisedKeys.length === 0
  if (path === '/bucket/us/index.txt') return { status: 200, body: isEmpty ? '' : ARCHIVE_NAME }
  if (path !== `/bucket/${ARCHIVE_NAME}`) return { status: 404, body: 'not found' }
  return { status: 200, body: await testArchive(signer, keys, { revisedKeys }) }
}
