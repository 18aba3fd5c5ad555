import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openApiDocument } from '@ens/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiPages } from './api-pages.ts'
import { type Cdn, startCdn } from './cdn.ts'
import { folderOrigin } from './origins.ts'

let home: string
let cdn: Cdn

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cdn '))
  const folder = join(home, 'blobs', 'bucket', 'demo')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, '1-2-00001.zip'), 'an archive')
  await writeFile(join(folder, 'index.txt'), 'demo/1-2-00001.zip')
  await writeFile(join(folder, '.1-2-00002.zip'), 'unfinished')
  await writeFile(join(folder, '1-2-00003.zip.partial'), 'unfinished')
  await mkdir(join(folder, 'folder.zip'))
  await writeFile(join(home, 'secret.zip'), 'outside')
  await symlink(join(home, 'secret.zip'), join(folder, 'link.zip'))
  cdn = await startCdn(folderOrigin(join(home, 'blobs')), 0, apiPages())
})

afterAll(async () => {
  await cdn.close()
  await rm(home, { recursive: true })
})

/** As sent, without the tidying of paths that `fetch` does. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(cdn.url)
    const sent = request({ hostname, port, path }, (reply) => {
      reply.resume()
      resolve(reply.statusCode)
    })
    sent.on('error', reject).end()
  })
}

test('an archive is served to be kept', async () => {
  const reply = await fetch(`${cdn.url}/bucket/demo/1-2-00001.zip`)

  expect(await reply.text()).toBe('an archive')
  expect(reply.headers.get('content-type')).toBe('application/zip')
  expect(reply.headers.get('cache-control')).toBe('public, max-age=86400')
})

test('an index is served to be asked for again', async () => {
  const reply = await fetch(`${cdn.url}/bucket/demo/index.txt`)

  expect(await reply.text()).toBe('demo/1-2-00001.zip')
  expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(reply.headers.get('cache-control')).toBe('no-cache, max-age=0')
})

test('who knows the contents already gets none', async () => {
  const url = `${cdn.url}/bucket/demo/1-2-00001.zip`
  const etag = (await fetch(url)).headers.get('etag') ?? ''

  const again = await fetch(url, { headers: { 'if-none-match': `"other", ${etag}` } })
  expect([again.status, await again.text()]).toEqual([304, ''])
  const other = await fetch(url, { headers: { 'if-none-match': '"other"' } })
  expect(other.status).toBe(200)
})

test('the API is a page that browsers may load nothing for, and a document beside it', async () => {
  const page = await fetch(`${cdn.url}/docs?from=the-table`)
  const [link = ''] = /href="[^"]*\.json"/.exec(await page.text()) ?? []
  const document = await fetch(new URL(link.slice(6, -1), page.url))

  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none';/)
  expect(document.headers.get('content-type')).toBe('application/json')
  expect(await document.json()).toEqual(openApiDocument())
})

test('HEAD tells the length and sends nothing', async () => {
  const reply = await fetch(`${cdn.url}/bucket/demo/1-2-00001.zip`, { method: 'HEAD' })

  expect(reply.headers.get('content-length')).toBe('10')
  expect(await reply.text()).toBe('')
})

test('nothing can be written', async () => {
  const reply = await fetch(`${cdn.url}/bucket/demo/1-2-00001.zip`, { method: 'PUT', body: 'x' })

  expect(reply.status).toBe(405)
  expect(reply.headers.get('allow')).toBe('GET, HEAD')
})

test('a root with a slash at its end leads to the same object', async () => {
  expect(await statusOf('/bucket//demo/1-2-00001.zip')).toBe(200)
})

test.each([
  '/',
  '/bucket/',
  '/bucket/demo',
  '/bucket/demo/',
  '/bucket/demo/absent.zip',
  '/bucket/demo/folder.zip',
  '/bucket/demo/1-2-00001.zip/more.zip',
  '/bucket/demo/.1-2-00002.zip',
  '/bucket/demo/1-2-00003.zip.partial',
  '/bucket/demo/link.zip',
  '/../secret.zip',
  '/bucket/../../secret.zip',
  '/bucket/%2e%2e/%2e%2e/secret.zip',
  '/bucket/..%2f..%2fsecret.zip',
  '/bucket/..%5c..%5csecret.zip',
  '/bucket/demo/1-2-00001.zip%00.zip',
  '/bucket/%zz.zip',
  `/bucket/${'x'.repeat(300)}.zip`,
])('%s is not there', async (path) => {
  expect(await statusOf(path)).toBe(404)
})
