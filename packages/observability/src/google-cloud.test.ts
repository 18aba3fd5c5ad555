import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@ens/config'
import { faultyLink, runModule } from '@ens/provider-servers'
import { type GoogleTelemetry, startGoogleTelemetry } from '@ens/provider-servers/google-telemetry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { observabilityConfig } from './config.ts'
import { prometheusName } from './google-cloud.ts'

const SERVICE = fileURLToPath(new URL('./testing/traced-service.ts', import.meta.url))

let google: GoogleTelemetry
beforeEach(async () => {
  google = await startGoogleTelemetry()
})
afterEach(() => google.close())

/** Runs a service that answers a request and ends, on a machine of Google Cloud. Returns what it loaded and what it logged. */
async function run(variables: Record<string, string> = {}) {
  const config = loadConfig(z.object({ one: observabilityConfig }), {
    OBSERVABILITY_EXPORTER: 'STACKDRIVER',
    PROJECT_ID: 'health',
    OTEL_EXPORTER_OTLP_ENDPOINT: google.endpoint,
    TRACE_PROBABILITY: '1',
    ...variables,
  }).one
  const child = spawn(
    process.execPath,
    ['--conditions=@ens/source', SERVICE, JSON.stringify(config)],
    { env: { GCE_METADATA_HOST: google.metadataHost }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const startedAt = performance.now()
  const [printed, log, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  const { loaded, answeredMs }: { loaded: string[]; answeredMs: number } = JSON.parse(printed)
  return { loaded, answeredMs, log, code, tookMs: performance.now() - startedAt }
}

test('metrics and traces come to Google Cloud with a token, a project and a place', async () => {
  const { log } = await run()

  expect(google.refusals()).toEqual([])
  expect(log).toBe('')
  const [requests, ...others] = google.metrics()
  expect(others).toEqual([])
  expect(requests).toMatchObject({
    name: 'en_server_requests_count_total',
    labels: [{ route: '/v1/publish' }],
    resource: {
      'gcp.project_id': 'health',
      'cloud.region': 'europe-west1',
      'service.name': 'traced',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  })
  const names = google.spans().map(({ name }) => name)
  expect(names).toContain('GET /v1/publish')
  expect(names).not.toContain('GET /health')
  expect(google.tokens()).toBeGreaterThan(0)
  expect(JSON.stringify([google.metrics(), google.spans()])).not.toMatch(
    /hunter2|Bearer|user_agent/,
  )
})

test('with TRACE_PROBABILITY 0 metrics come, and nothing of tracing is loaded', async () => {
  const { loaded } = await run({ TRACE_PROBABILITY: '0' })
  expect(google.metrics()).toHaveLength(1)
  expect(google.spans()).toEqual([])
  expect(loaded).not.toContain('@opentelemetry/sdk-trace')
})

test('without credentials the service runs all the same, and logs why nothing is sent, in words of ours', async () => {
  google.refuseTokens()
  const { log, code } = await run()
  expect(code).toBe(0)
  expect(log).toContain('failed to export metric')
  expect(log).toContain("no credentials for Google Cloud's telemetry (404)")
  expect(log).not.toContain('no service account')
  expect(google.metrics()).toEqual([])
})

test('an API that refuses what it is sent is logged by its status, without quoting it', async () => {
  const { log, code } = await run({ PROJECT_ID: 'another' })
  expect(code).toBe(0)
  expect(log).toContain('failed to export metric')
  expect(log).toContain('Bad Request')
  expect(log).not.toContain('gcp.project_id')
})

test('an API that hangs holds up neither a request nor the end of the service for long', async () => {
  const link = await faultyLink({ port: google.port })
  link.hang()
  const { code, answeredMs, tookMs } = await run({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${link.port}`,
  })
  await link.close()
  expect(code).toBe(0)
  expect(answeredMs).toBeLessThan(5_000)
  expect(tookMs).toBeLessThan(20_000)
})

test.each([
  ['en-server/requests_count', true, 'en_server_requests_count_total'],
  ['en-server/job/last_success', false, 'en_server_job_last_success'],
])('%s is known to Prometheus and to Google Cloud by one name', (name, isCounter, known) => {
  expect(prometheusName(name, isCounter)).toBe(known)
})

test('a metadata server that was not found at first is looked for again', async () => {
  const code = `
    const { createServer } = await import('node:http')
    const { once } = await import('node:events')
    let failing = 1
    const metadata = createServer((request, response) => {
      if (failing-- > 0) return request.socket.destroy()
      response.writeHead(200, { 'metadata-flavor': 'Google', 'content-type': 'application/json' })
      response.end(JSON.stringify({ access_token: 'ya29.x', expires_in: 3600, token_type: 'Bearer' }))
    }).listen(0, '127.0.0.1')
    await once(metadata, 'listening')
    process.env.GCE_METADATA_HOST = '127.0.0.1:' + metadata.address().port
    const { googleHeaders } = await import(${JSON.stringify(fileURLToPath(new URL('./google-cloud.ts', import.meta.url)))})
    const headers = googleHeaders({ projectId: 'health' })
    return [await headers().catch(({ code }) => code), (await headers()).authorization]`
  const { result } = await runModule(code, {
    folder: import.meta.dirname,
    variables: { HOME: '/nowhere' },
  })
  expect(result).toEqual(['telemetry_credentials_unavailable', 'Bearer ya29.x'])
})
