import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { loadConfig } from '@ens/config'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { serverConfig } from './config.ts'

const load = (variables: Record<string, string>) =>
  loadConfig(z.object({ server: serverConfig }), variables).server

test.each([
  ['HTTP_HEADERS_TIMEOUT: longer than HTTP_REQUEST_TIMEOUT', { HTTP_HEADERS_TIMEOUT: '31s' }],
  ['HTTP_REQUEST_TIMEOUT: must be more than 0s', { HTTP_REQUEST_TIMEOUT: '0' }],
  ['SHUTDOWN_TIMEOUT: must be more than 0s', { SHUTDOWN_TIMEOUT: '-1s' }],
  ['PORT: more than 65535', { PORT: '65536' }],
])('%s is said of %j', (problem, variables) => {
  expect(() => load(variables)).toThrow(problem)
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
