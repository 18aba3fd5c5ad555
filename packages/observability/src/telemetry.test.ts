import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { loadConfig } from '@ens/config'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { observabilityConfig } from './config.ts'
import { counter, gauge, histogram } from './instruments.ts'
import { startTelemetry } from './telemetry.ts'
import { startCollector } from './testing/collector.ts'
import { recordingLogger } from './testing.ts'

const inserted = counter('en-server/exposures_count', {
  description: 'Exposure keys stored.',
  labels: { type: 'INSERTED, REVISED or LOST' },
})
const latency = histogram('en-server/requests_latency', {
  description: 'Time to the end of the reply.',
  unit: 'ms',
  labels: { result: 'OK or NOT_OK' },
  boundaries: [10, 100],
})
const age = gauge('en-server/job/last_success', {
  description: 'When.',
  unit: 's',
  labels: { job_name: 'its name' },
})

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one()
})

const configOf = (variables: Record<string, string>) =>
  loadConfig(z.object({ one: observabilityConfig }), variables).one

async function started(variables: Record<string, string>) {
  const { logger, lines } = await recordingLogger()
  const telemetry = await startTelemetry(configOf(variables), 'test', { logger })
  cleanUp.push(() => telemetry.shutdown())
  return { telemetry, lines }
}

async function portOf(server = createServer()): Promise<number> {
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await listening
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await portOf(server)
  await new Promise((closed) => server.close(closed))
  return port
}

const prometheus = (port: number) => ({
  OBSERVABILITY_EXPORTER: 'prometheus',
  METRICS_PORT: String(port),
  METRICS_HOST: '127.0.0.1',
})

test('instruments that were declared before telemetry started are scraped, and only what they count', async () => {
  const port = await freePort()
  inserted.add(1, { type: 'LOST' })
  const { telemetry } = await started(prometheus(port))
  inserted.add(14, { type: 'INSERTED' })
  inserted.add(undefined, { type: 'INSERTED' })
  latency.record(50, { result: 'OK' })
  age.record(1_592_222_400, { job_name: 'export' })

  const reply = await fetch(`http://127.0.0.1:${port}/metrics`)
  const text = await reply.text()

  expect(reply.headers.get('content-type')).toBe('text/plain')
  expect(text).toContain('# HELP en_server_exposures_count_total Exposure keys stored.')
  expect(text).toContain('en_server_exposures_count_total{type="INSERTED"} 15')
  expect(text).toContain('en_server_requests_latency_bucket{result="OK",le="100"} 1')
  expect(text).toContain('en_server_job_last_success{job_name="export"} 1592222400')
  expect(text).toContain('target_info{service_name="test"} 1')
  expect(text).not.toMatch(/LOST|host_name|process_/)

  await telemetry.shutdown()
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed')
})

test('a port of metrics that is taken is named with the setting to change', async () => {
  const other = createServer()
  cleanUp.push(() => other.close())
  const port = await portOf(other)
  await expect(startTelemetry(configOf(prometheus(port)), 'test')).rejects.toMatchObject({
    code: 'metrics_port_taken',
    message: expect.stringMatching(/EADDRINUSE.*set METRICS_PORT to a free one/),
  })
})

test('a collector is sent what was counted, at the latest when the service ends', async () => {
  const collector = await startCollector()
  cleanUp.push(() => collector.close())
  const { telemetry, lines } = await started({
    OBSERVABILITY_EXPORTER: 'OCAGENT',
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x=y, tenant=100%',
    TRACE_PROBABILITY: '0',
  })
  inserted.add(3, { type: 'REVISED' })
  await telemetry.shutdown()

  expect(JSON.stringify(collector.bodies('metrics'))).toContain('REVISED')
  expect(collector.headers()[0]).toMatchObject({ authorization: 'Bearer x=y', tenant: '100%' })
  expect(lines).toEqual([])
})

test('a collector out of reach is logged, and does not keep the service from ending', async () => {
  const { telemetry, lines } = await started({
    OBSERVABILITY_EXPORTER: 'OTLP',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    METRICS_EXPORT_INTERVAL: '1s',
    TRACE_PROBABILITY: '0',
  })
  inserted.add(3, { type: 'REVISED' })
  await telemetry.shutdown()
  expect(lines[0]).toMatchObject({ severity: 'WARNING', message: 'failed to export metric' })
})

/** Runs a service with these settings beside a collector. */
async function tracedService(probability: string, mode = '') {
  const collector = await startCollector()
  cleanUp.push(() => collector.close())
  const config = configOf({
    OBSERVABILITY_EXPORTER: 'OTLP',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    TRACE_PROBABILITY: probability,
  })
  const service = new URL('./testing/traced-service.ts', import.meta.url).pathname
  const args = ['--conditions=@ens/source', decodeURI(service), JSON.stringify(config), mode]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { loaded }: { loaded: string[] } = JSON.parse(stdout)
  return { traces: JSON.stringify(collector.bodies('traces')), loaded }
}

test('a traced request tells its route and its status, and nothing of who sent it', async () => {
  const { traces } = await tracedService('1')
  expect(traces).toContain('"name":"GET /v1/publish"')
  expect(traces).toContain('{"key":"http.response.status_code","value":{"intValue":200}}')
  expect(traces).not.toMatch(
    /hunter2|user_agent|client\.address|network\.peer|url\.(path|query|full)|health/,
  )
})

test('a caller cannot choose what is traced', async () => {
  const { traces } = await tracedService('1')
  expect(traces).not.toContain('0af7651916cd43dd8448eb211c80319c')
})

test('a service that only a scheduler calls goes on with its trace, however small the share that is traced', async () => {
  const [ofPublic, internal] = await Promise.all([
    tracedService('0.000001'),
    tracedService('0.000001', 'takes-over'),
  ])
  expect(ofPublic.traces).toBe('[]')
  expect(internal.traces).toContain('"traceId":"0af7651916cd43dd8448eb211c80319c"')
  expect(internal.traces).toContain('"parentSpanId":"b7ad6b7169203331"')
})

test('where nothing is traced, nothing of tracing is loaded', async () => {
  const { traces, loaded } = await tracedService('0')
  expect(traces).toBe('[]')
  expect(loaded).toContain('@opentelemetry/sdk-metrics')
  expect(loaded).not.toContain('@opentelemetry/sdk-trace')
})
