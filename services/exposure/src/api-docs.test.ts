import { openKeyManager } from '@ens/keys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './testing/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.close())

test('what is said of the API is served only when asked for', async () => {
  const open = await server.another({ variables: { SERVE_API_DOCS: 'true' } })
  const page = await open.inject('/docs')
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.body).toContain('/v1/publish')
  expect((await open.inject('/openapi.json')).json()).toMatchObject({ openapi: '3.1.1' })
  for (const url of ['/docs', '/openapi.json'])
    expect((await server.app.inject(url)).statusCode).toBe(404)
})

test('a key manager that keeps no keys stops the start', async () => {
  const keyManager = await openKeyManager({ keyManager: 'NOOP', filesystemRoot: undefined })
  await expect(server.another({ context: { keyManager } })).rejects.toMatchObject({
    code: 'key_operation_unsupported',
  })
})
