import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePublishBody, type PublishReply, type PublishRequest } from '@ens/api'
import type { VerifiedClaims } from '@ens/domain'
import { aHealthAuthority, anAuthorizedApp } from '@ens/domain/testing'
import { isAppError } from '@ens/errors'
import type { ExportKey } from '@ens/export-file'
import { type TestSigner, testArchive, testSigner } from '@ens/export-file/testing'
import { createVerifier, type Verify } from '@ens/verification'
import { freshKeyPair } from '@ens/verification/testing'
import { readBody, serve } from '../testing.ts'

export const NOW = new Date('2026-11-22T15:30:00Z')

const APP = anAuthorizedApp()
const ARCHIVE_NAME = 'us/1589400000-1589414400-00001.zip'

/** A key server as a phone sees it, described as `start` describes its own. */
export interface FakeSystem extends AsyncDisposable {
  /** A folder of the test's own. */
  folder: string
  demoFile: string
  /** All that has been published so far, as it was understood. */
  published: { request: PublishRequest; claims: VerifiedClaims }[]
}

/**
 * Stands for publish service and CDN: it reads publishes and checks certificates as the real service does, and its
 * one archive holds all that was published so far.
 */
export async function fakeSystem(): Promise<FakeSystem> {
  const folder = await mkdtemp(join(tmpdir(), 'phone-'))
  const { privateKey, publicKeyPem } = freshKeyPair()
  const signer = testSigner()
  const published: FakeSystem['published'] = []
  const verify = verifierFor(publicKeyPem)
  const server = await serve(async (request, response) => {
    if (request.url === '/v1/publish') return answerPublish(request, response, verify, published)
    const contents = await fileAt(request.url, signer, published)
    response.writeHead(contents === undefined ? 404 : 200).end(contents)
  })
  const demoFile = join(folder, 'demo.json')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const publicPem = signer.publicKey.export({ type: 'spki', format: 'pem' })
  await writeFile(join(folder, 'private.pem'), pem)
  await writeFile(join(folder, 'public.pem'), publicPem)
  await writeFile(demoFile, JSON.stringify(demoOf(server.url, signer)))
  return {
    folder,
    demoFile,
    published,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function demoOf(url: string, { keyId, keyVersion }: TestSigner) {
  const { issuer, audience } = aHealthAuthority()
  return {
    publishUrl: `${url}/v1/publish`,
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

function verifierFor(publicKey: string): Verify {
  const key = { version: 'v1', publicKey, from: new Date(0), thru: undefined }
  const authority = aHealthAuthority({ keys: [key] })
  const findHealthAuthority = async (issuer: string) =>
    issuer === authority.issuer ? authority : undefined
  return createVerifier({ findHealthAuthority, now: () => NOW })
}

async function answerPublish(
  request: IncomingMessage,
  response: ServerResponse,
  verify: Verify,
  published: FakeSystem['published'],
): Promise<void> {
  const { status, reply } = await takePublish(request, verify, published)
  response.writeHead(status).end(JSON.stringify({ ...reply, padding: 'AAAA' }))
}

async function takePublish(
  httpRequest: IncomingMessage,
  verify: Verify,
  published: FakeSystem['published'],
): Promise<{ status: number; reply: PublishReply }> {
  try {
    const body = Buffer.from(await readBody(httpRequest))
    const request = decodePublishBody(body, httpRequest.headers['content-type'])
    const { temporaryExposureKeys: keys, verificationPayload: certificate, hmacKey } = request
    const claims = await verify({ certificate, hmacKey, keys, app: APP })
    published.push({ request, claims })
    return { status: 200, reply: { insertedExposures: keys.length, revisionToken: 'dG9rZW4=' } }
  } catch (error) {
    if (!isAppError(error)) throw error
    return { status: error.status ?? 401, reply: { code: error.code, error: error.message } }
  }
}

function fileAt(
  path: string | undefined,
  signer: TestSigner,
  published: FakeSystem['published'],
): Promise<Buffer> | string | undefined {
  if (path === '/bucket/us/index.txt') return published.length === 0 ? '' : ARCHIVE_NAME
  if (path !== `/bucket/${ARCHIVE_NAME}`) return undefined
  return testArchive(signer, published.flatMap(toExportKeys))
}

function toExportKeys({ request, claims }: FakeSystem['published'][number]): ExportKey[] {
  return request.temporaryExposureKeys.map((sent) => ({
    key: Buffer.from(sent.key, 'base64'),
    transmissionRisk: Number(sent.transmissionRisk),
    intervalNumber: sent.rollingStartNumber,
    intervalCount: sent.rollingPeriod,
    reportType: claims.reportType,
    daysSinceSymptomOnset: undefined,
  }))
}
