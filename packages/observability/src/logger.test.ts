import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { defineError } from '@ens/errors'
import { expect, test } from 'vitest'
import type { ObservabilityConfig } from './config.ts'
import { createLogger } from './logger.ts'
import { requestLogger } from './request-context.ts'
import { type LogLine, recordingLogger } from './testing.ts'

const node = promisify(execFile)

/** What another process prints that does this with our module. */
async function printed(work: string): Promise<string> {
  const module = new URL('./logger.ts', import.meta.url).href
  const script = `import { createLogger, logStartFailure } from '${module}'; ${work}`
  const args = ['--conditions=@ens/source', '--input-type=module', '--eval', script]
  const { stdout } = await node(process.execPath, args)
  return stdout
}

async function linesAt(logLevel: ObservabilityConfig['logLevel']): Promise<unknown[]> {
  const lines: string[] = []
  const logger = await createLogger({ logLevel, logMode: 'PRODUCTION' }, 'test', {
    write: (line) => lines.push(line),
  })
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)
    logger[level](level)
  return lines.map((line) => (JSON.parse(line) as LogLine).severity)
}

test('a line is one JSON object with severity, time, service and message', async () => {
  const { logger, lines } = await recordingLogger()
  logger.child({ request_id: 'r' }).warn({ count: 3 }, 'three were refused')
  expect(lines).toEqual([
    {
      severity: 'WARNING',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'test',
      request_id: 'r',
      count: 3,
      message: 'three were refused',
    },
  ])
})

test('what is less severe than asked for is left out', async () => {
  expect(await linesAt('DEBUG')).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'EMERGENCY'])
  expect(await linesAt('WARNING')).toEqual(['WARNING', 'ERROR', 'EMERGENCY'])
  expect(await linesAt('EMERGENCY')).toEqual(['EMERGENCY'])
})

test('of an error is logged what it says and why, and nothing that a library hung on it', async () => {
  const { logger, lines } = await recordingLogger()
  const row = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (AbC=)' })
  const unreachable = defineError('unavailable', 'store_unavailable', 'The store is gone.')
  logger.error({ err: unreachable('not stored', { cause: new AggregateError([row], 'both') }) })
  expect(lines[0]?.err).toMatchObject({
    type: 'AppError',
    message: 'not stored',
    code: 'store_unavailable',
    stack: expect.stringContaining('logger.test.ts'),
    cause: { message: 'both', errors: [{ message: 'duplicate key', code: '23505' }] },
  })
  expect(JSON.stringify(lines)).not.toContain('AbC=')
})

test('an endless chain of causes is cut', async () => {
  const { logger, lines } = await recordingLogger()
  const error = new Error('round and round')
  error.cause = error
  logger.error({ err: error })
  expect(JSON.stringify(lines).match(/"cause"/g)).toHaveLength(5)
})

test('what must never be logged is masked, counts of it are not', async () => {
  const { logger, lines } = await recordingLogger()
  logger.info({
    headers: { authorization: 'Bearer hunter2' },
    publish: { temporaryExposureKeys: [{ key: 'hunter2' }], hmacKey: 'hunter2' },
    token: 'hunter2',
    keys: 14,
  })
  expect(JSON.stringify(lines)).not.toContain('hunter2')
  expect(lines[0]).toMatchObject({ headers: '***', token: '***', keys: 14 })
})

test('what must never be logged is masked in what a logger of one request carries, too', async () => {
  const { logger, lines } = await recordingLogger()
  requestLogger(logger, { request_id: 'r', token: 'hunter2' }).info('hello')
  expect(lines[0]).toMatchObject({ request_id: 'r', token: '***' })
})

test('a pipe is given JSON, and people are given text', async () => {
  const log = (mode: string) =>
    `const l = await createLogger({ logLevel: 'INFO', logMode: '${mode}' }, 's'); l.warn({ n: 1 }, 'hello')`
  expect(JSON.parse(await printed(log('AUTO')))).toMatchObject({ message: 'hello', n: 1 })
  const text = await printed(log('DEVELOPMENT'))
  expect(text).toMatch(/WARNING.*hello/)
  expect(text).not.toContain('{')
})

test('a service that did not start says so in one line', async () => {
  const line = await printed(`await logStartFailure('exposure', new Error('PORT: not a number'))`)
  expect(JSON.parse(line)).toMatchObject({
    severity: 'EMERGENCY',
    service: 'exposure',
    message: 'exposure did not start: PORT: not a number',
  })
})
