import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defineError } from '@ens/errors'
import { type LogLine, recordingLogger } from '@ens/observability/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type App, createApp } from './app.ts'
import { type JobOptions, mountJob, mountStatus } from './job.ts'
import { testServerConfig } from './testing.ts'

let app: App
let lines: LogLine[]
beforeEach(async () => {
  const recording = await recordingLogger()
  lines = recording.lines
  app = createApp({
    server: testServerConfig(),
    logger: recording.logger,
    ready: async () => 'well',
  })
})
afterEach(() => app.close())

const job: JobOptions = { name: 'tidy', timeoutMs: 60_000, now: () => new Date(0) }

test('a run that went well is answered with its counts, for any method and any body', async () => {
  mountJob(app, '/', job, async () => ({ deleted: 3 }))
  for (const method of ['GET', 'POST', 'PUT', 'PURGE', 'PROPFIND'] as const) {
    const reply = await app.inject({ method, url: '/', payload: 'whatever' })
    expect(reply.statusCode).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.body).toBe('{"ok":true,"deleted":3}')
  }
  expect(lines).toContainEqual(expect.objectContaining({ message: 'job started', job: 'tidy' }))
  expect(lines).toContainEqual(
    expect.objectContaining({ severity: 'INFO', message: 'job done', job: 'tidy', deleted: 3 }),
  )
})

const broken = defineError('unavailable', 'broken', 'It is broken.')

test.each([
  ['a coded error', () => broken('the store is full'), 'the store is full'],
  [
    'several errors',
    () => new AggregateError([broken('first'), broken('second')]),
    'first; second',
  ],
])('a run that failed with %s says why', async (_, fail, error) => {
  mountJob(app, '/', job, async () => {
    throw fail()
  })
  const reply = await app.inject('/')
  expect([reply.statusCode, reply.body]).toEqual([500, `${JSON.stringify({ error })}\n`])
})

test('a run that failed unexpectedly says where to look, and no more', async () => {
  mountJob(app, '/', job, async () => {
    throw new Error('password is hunter2')
  })
  const reply = await app.inject('/')
  expect(reply.json().error).toMatch(/^internal error; the log has the reason under request_id /)
})

test('a run is made for HEAD too, and answered without a body', async () => {
  let runs = 0
  mountJob(app, '/', job, async () => ({ runs: ++runs }))
  const reply = await app.inject({ method: 'HEAD', url: '/' })
  expect([reply.statusCode, reply.body, runs]).toEqual([200, '', 1])
})

test('a run that another instance is at is too early', async () => {
  const held: JobOptions = { ...job, exclusively: async () => ({ ran: false }) }
  mountJob(app, '/', held, async () => ({}))
  const reply = await app.inject('/')
  expect([reply.statusCode, reply.body]).toEqual([200, '{"error":"too early"}\n'])
})

test('the lock outlives the deadline, and the run is told when the lock is lost', async () => {
  const lost = new AbortController()
  let ttlMs = 0
  const locked: JobOptions = {
    ...job,
    exclusively: async (ttl, work) => {
      ttlMs = ttl
      return { ran: true, result: await work({ lost: lost.signal }) }
    },
  }
  mountJob(app, '/', locked, async (signal) => {
    lost.abort(new Error('lost'))
    return { aborted: signal.aborted }
  })
  expect((await app.inject('/')).json()).toEqual({ ok: true, aborted: true })
  expect(ttlMs).toBeGreaterThan(job.timeoutMs)
})

test('a run is told when its time is over', async () => {
  mountJob(app, '/', { ...job, timeoutMs: 20 }, async (signal) => {
    await once(signal, 'abort')
    return { finished: 'what was in hand' }
  })
  expect((await app.inject('/')).json()).toEqual({ ok: true, finished: 'what was in hand' })
})

test('a deadline that no timer holds is refused at once', () => {
  const mount = (timeoutMs: number) => mountJob(app, '/', { ...job, timeoutMs }, async () => ({}))
  expect(() => mount(2 ** 31 - 1)).toThrow('the time-out of job tidy is longer than 576h')
  expect(() => mount(24 * 24 * 3_600_000)).not.toThrow()
})

test('a run is told when its caller hangs up', async () => {
  const started = Promise.withResolvers<void>()
  const told = Promise.withResolvers<unknown>()
  mountJob(app, '/', job, async (signal) => {
    started.resolve()
    await once(signal, 'abort')
    told.resolve(signal.reason)
    return {}
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const call = httpRequest({ port: (app.server.address() as AddressInfo).port, method: 'POST' })
  call.on('error', () => {})
  call.end()
  await started.promise
  call.destroy()
  expect(await told.promise).toMatchObject({ message: 'the caller hung up' })
})

test('a run is told when the service stops, and its reply still goes out', async () => {
  const started = Promise.withResolvers<void>()
  mountJob(app, '/', job, async (signal) => {
    started.resolve()
    await once(signal, 'abort')
    return { told: String(signal.reason) }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const reply = fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  await started.promise
  await app.close()
  expect(await (await reply).json()).toEqual({ ok: true, told: 'Error: the service is stopping' })
})

test('a run that does not end when its time is over is given up, so that its lock is free again', async () => {
  let locked = true
  const stuck: JobOptions = {
    ...job,
    timeoutMs: 5,
    graceMs: 5,
    exclusively: async (_, work) => {
      try {
        return { ran: true, result: await work({ lost: new AbortController().signal }) }
      } finally {
        locked = false
      }
    },
  }
  mountJob(app, '/', stuck, () => Promise.withResolvers<object>().promise)
  const reply = await app.inject('/')
  expect(reply.statusCode).toBe(500)
  expect(reply.json().error).toMatch(/^A job did not end when its time was over/)
  expect(locked).toBe(false)
})

test.each([
  ['no token', {}],
  ['another token', { authorization: 'Bearer sesam' }],
  ['another scheme', { authorization: 'Basic sesame' }],
  ['an empty token', { authorization: 'Bearer ' }],
])('with JOB_TOKEN set, %s is refused and nothing runs', async (_, headers) => {
  let runs = 0
  mountJob(app, '/', { ...job, token: 'sesame' }, async () => ({ runs: ++runs }))
  mountStatus(app, '/status', 'sesame', async () => ({ secret: 'plans' }))
  for (const url of ['/', '/status']) {
    const reply = await app.inject({ url, headers })
    expect(reply.statusCode).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(reply.json()).toMatchObject({ code: 'job_token_wrong' })
  }
  expect(runs).toBe(0)
})

test('with JOB_TOKEN set, its bearer may call', async () => {
  mountJob(app, '/', { ...job, token: 'sesame' }, async () => ({ ran: 'yes' }))
  mountStatus(app, '/status', 'sesame', async () => ({ report: 'fine' }))
  const headers = { authorization: 'bearer sesame' }
  expect((await app.inject({ url: '/', headers })).json()).toEqual({ ok: true, ran: 'yes' })
  expect((await app.inject({ url: '/status', headers })).json()).toEqual({ report: 'fine' })
})
