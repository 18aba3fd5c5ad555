import { randomBytes } from 'node:crypto'
import { Storage } from '@google-cloud/storage'
import { IdentityPoolClient } from 'google-auth-library'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GoogleCloud, startGoogleCloud, trustGoogleTestServers } from './google.ts'

// Google's client of Cloud Storage without what the blob store puts around it, against the server that both are tried on.

let cloud: GoogleCloud
let authClient: IdentityPoolClient
let storage: Storage
beforeAll(async () => {
  trustGoogleTestServers()
  cloud = await startGoogleCloud({ buckets: ['exports'] })
  authClient = new IdentityPoolClient(cloud.credentials)
  storage = new Storage({
    apiEndpoint: cloud.storage.endpoint,
    useAuthWithCustomEndpoint: true,
    authClient,
    projectId: 'test',
    retryOptions: { autoRetry: false },
  })
})
afterAll(() => cloud.close())

const CONTENTS = randomBytes(700_000)

test('takes an upload whole, and gives it back byte by byte', async () => {
  const file = storage.bucket('exports').file('sdk/whole')
  const metadata = { cacheControl: 'no-cache', metadata: { origin: 'test' } }
  await file.save(CONTENTS, { resumable: false, metadata, contentType: 'application/zip' })
  const [found] = await file.getMetadata()
  expect(found).toMatchObject({ contentType: 'application/zip', ...metadata, size: '700000' })
  const [contents] = await file.download({ validation: 'md5' })
  expect(CONTENTS.equals(contents)).toBe(true)
})

test('takes an upload in pieces, which is not there before the last one', async () => {
  const { token } = await authClient.getAccessToken()
  const path = '/upload/storage/v1/b/exports/o?uploadType=resumable&name=in/pieces'
  const headers = { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ contentType: 'application/zip' })
  const begun = await fetch(cloud.storage.endpoint + path, { method: 'POST', headers, body })
  const session = begun.headers.get('location') ?? ''

  const put = (from: number, to: number) => {
    const range = { 'content-range': `bytes ${from}-${to - 1}/${CONTENTS.length}` }
    return fetch(session, { method: 'PUT', headers: range, body: CONTENTS.subarray(from, to) })
  }
  const first = await put(0, 262_144)
  expect([first.status, first.headers.get('range')]).toEqual([308, 'bytes=0-262143'])
  expect(cloud.storage.find('exports', 'in/pieces')).toBeUndefined()
  expect((await put(262_144, CONTENTS.length)).status).toBe(200)
  expect(cloud.storage.find('exports', 'in/pieces')?.contents).toEqual(CONTENTS)
})

test('keeps preconditions', async () => {
  const file = storage.bucket('exports').file('sdk/conditional')
  const once = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }
  await file.save('old', once)
  await expect(file.save('new', once)).rejects.toMatchObject({ code: 412 })
  expect(String((await file.download())[0])).toBe('old')
})

test('refuses an upload whose checksum is not that of its bytes, and shows nothing of it', async () => {
  const file = storage.bucket('exports').file('sdk/damaged')
  const metadata = { crc32c: 'AAAAAA==' }
  const attempt = file.save('damaged', { resumable: false, validation: false, metadata })
  await expect(attempt).rejects.toMatchObject({ code: 400 })
  expect(await file.exists()).toEqual([false])
})

test('lists in pages, and deletes once', async () => {
  const bucket = storage.bucket('exports')
  for (const name of ['a', 'b', 'c']) {
    await bucket.file(`listed/${name}`).save(name, { resumable: false })
  }
  const [files] = await bucket.getFiles({ prefix: 'listed/' })
  expect(files.map(({ name }) => name)).toEqual(['listed/a', 'listed/b', 'listed/c'])
  const [page, next] = await bucket.getFiles({
    prefix: 'listed/',
    maxResults: 2,
    autoPaginate: false,
  })
  expect(page.map(({ name }) => name)).toEqual(['listed/a', 'listed/b'])
  expect(next).toMatchObject({ pageToken: 'listed/b' })
  await bucket.file('listed/a').delete()
  await expect(bucket.file('listed/a').delete()).rejects.toMatchObject({ code: 404 })
})

test('refuses a request without a token, and one with another', async () => {
  const url = `${cloud.storage.endpoint}/storage/v1/b/exports/o`
  expect((await fetch(url)).status).toBe(401)
  expect((await fetch(url, { headers: { authorization: 'Bearer ya29.x' } })).status).toBe(401)
})

test('tells a missing object from a missing bucket, in words', async () => {
  const inBucket = storage.bucket('exports').file('none').getMetadata()
  await expect(inBucket).rejects.toMatchObject({
    code: 404,
    message: expect.stringContaining('No such object'),
  })
  const elsewhere = storage.bucket('nowhere').file('none').getMetadata()
  await expect(elsewhere).rejects.toMatchObject({
    code: 404,
    message: expect.stringContaining('bucket does not exist'),
  })
})
