import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { loadConfig } from '@ens/config'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { limitsConfig, serverConfig } from './config.ts'

const load = (variables: Record<string, string>) =>
  loadConfig(z.object({ server: serverConfig }), variables).server

test.each([
  ['HTTP_HEADERS_TIMEOUT: longer than HTTP_REQUEST_TIMEOUT', { HTTP_HEADERS_TIMEOUT: '31s' }],
  ['HTTP_REQUEST_TIMEOUT: must be at least 1ms', { HTTP_REQUEST_TIMEOUT: '0' }],
  ['SHUTDOWN_TIMEOUT: must be at least 1ms', { SHUTDOWN_TIMEOUT: '-1s' }],
  ['SHUTDOWN_TIMEOUT: more than 576h', { SHUTDOWN_TIMEOUT: '600h' }],
  ['HTTP_HEADERS_TIMEOUT: more than 576h', { HTTP_HEADERS_TIMEOUT: '600h' }],
  ['HTTP_REQUEST_TIMEOUT: more than 576h', { HTTP_REQUEST_TIMEOUT: '600h' }],
  ['HTTP_KEEP_ALIVE_TIMEOUT: more than 576h', { HTTP_KEEP_ALIVE_TIMEOUT: '600h' }],
  ['HTTP_MAX_CONNECTIONS: less than 0', { HTTP_MAX_CONNECTIONS: '-1' }],
  ['PORT: more than 65535', { PORT: '65536' }],
])('%s is said of %j', (problem, variables) => {
  expect(() => load(variables)).toThrow(problem)
})

describe('TRUSTED_PROXIES', () => {
  const proxies = (text: string) =>
    loadConfig(z.object({ limits: limitsConfig }), { TRUSTED_PROXIES: text }).limits.trustedProxies

  test.each([
    ['', []],
    ['10.0.0.0/8, linklocal', ['10.0.0.0/8', 'linklocal']],
    ['2001:db8::1,192.0.2.1', ['2001:db8::1', '192.0.2.1']],
  ])('%j names the networks of proxies', (text, wanted) => {
    expect(proxies(text)).toEqual(wanted)
  })

  test.each([
    '1',
    'true',
    'proxy.example',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '0.0.0.0/0',
    '::/0',
    'fe80::1%eth0',
  ])('%j is refused: what cannot be checked must not be trusted', (text) => {
    expect(() => proxies(text)).toThrow('TRUSTED_PROXIES')
  })
})

test('a publish, which may take 15 seconds, ends within the grace', () => {
  expect(load({}).shutdownTimeoutMs).toBeGreaterThan(15_000)
})

test('what main.ts and config.ts of a service import loads neither fastify nor pg', async () => {
  const script = `
    import { createRequire } from 'node:module'
    await import('@ens/server/start')
    await import('@ens/server/config')
    process.stdout.write(Object.keys(createRequire(import.meta.url).cache).join('\\n'))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@ens/source', '--input-type=module', '--eval', script],
    { cwd: import.meta.dirname },
  )
  expect(stdout).toContain('/pino/')
  expect(stdout).not.toMatch(/\/(fastify|pg)\//)
})
