import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./testdata/example-service.ts', import.meta.url))

let service: Service | undefined
afterEach(async () => {
  service?.process.kill('SIGKILL')
})

interface Service {
  process: ChildProcess
  /** Resolves with the first log line that holds the text. */
  line(text: string): Promise<Record<string, unknown>>
  ended: Promise<number | null>
  lines: Record<string, unknown>[]
}

function run(env: Record<string, string>): Service {
  const child = spawn(process.execPath, ['--conditions=@ens/source', MAIN], {
    env: { HOST: '127.0.0.1', PORT: '0', EXAMPLE_PASSWORD: 'hunter2', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  let rest = ''
  child.stdout.on('data', (data) => {
    const parts = (rest + data).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((part) => JSON.parse(part)))
  })
  const line = async (text: string) => {
    for (;;) {
      const found = lines.find((one) => String(one.message).includes(text))
      if (found) return found
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
    }
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  service = { process: child, line, ended, lines }
  return service
}

test('told to stop, it finishes the request in hand, closes what it opened, and ends well', async () => {
  const { line, ended, lines, process: child } = run({})
  const { message } = await line('listens on')
  expect((await line('starting')).settings).toMatchObject({ PORT: 0, EXAMPLE_PASSWORD: '***' })
  const url = String(message).replace(/.*listens on /, '')
  const reply = fetch(`${url}/slow`)
  await line('slow request begun')
  child.kill('SIGTERM')
  expect(await (await reply).text()).toBe('done')
  expect(await ended).toBe(0)
  expect(lines.map((one) => one.message)).toEqual([
    'starting',
    expect.stringMatching(/^listens on/),
    'slow request begun',
    'stopping: requests in hand finish first',
    'closed what the app had opened',
    'stopped',
  ])
  expect(JSON.stringify(lines)).not.toContain('hunter2')
})

test('a request that takes longer than the grace is cut; all is closed nevertheless, with status 1', async () => {
  const { line, ended, lines, process: child } = run({ SHUTDOWN_TIMEOUT: '20ms' })
  const url = String((await line('listens on')).message).replace(/.*listens on /, '')
  const reply = fetch(`${url}/stuck`).catch(() => 'cut')
  await line('stuck request begun')
  child.kill('SIGINT')
  expect(await reply).toBe('cut')
  expect(await ended).toBe(1)
  expect(lines.slice(3).map((one) => one.message)).toEqual([
    'stopping: requests in hand finish first',
    'not answered within 20 ms; connections are cut',
    'closed what the app had opened',
    'stopped',
  ])
})

test('half a request holds nothing up, and is nothing that had to be cut', async () => {
  const { line, ended, lines, process: child } = run({ SHUTDOWN_TIMEOUT: '1h' })
  const url = String((await line('listens on')).message).replace(/.*listens on /, '')
  const whole = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'
  const body = 'Expect: 100-continue\r\nContent-Length: 9\r\n\r\nabc'
  await Promise.all([
    sendAndAwait(url, `${whole}GET /livez HTTP/1.1\r\nHo`, 'ok\n'),
    sendAndAwait(url, `POST /unread HTTP/1.1\r\nHost: x\r\n${body}`, '100 Continue'),
  ])
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(lines.slice(2).map((one) => one.message)).toEqual([
    'stopping: requests in hand finish first',
    'closed what the app had opened',
    'stopped',
  ])
})

/** Leaves the connection open once the text has come back. */
async function sendAndAwait(url: string, text: string, wanted: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {}) // to be cut may be a reset
  let received = ''
  socket.on('data', (data) => {
    received += data
  })
  socket.write(text)
  while (!received.includes(wanted)) await once(socket, 'data')
}

test('a fault that nothing caught is logged as the end of the process', async () => {
  const { line, ended } = run({})
  const url = String((await line('listens on')).message).replace(/.*listens on /, '')
  await fetch(`${url}/fault`).catch(() => 'cut')
  expect(await line('ended by a fault')).toMatchObject({
    severity: 'EMERGENCY',
    err: { message: 'nobody awaits this' },
  })
  expect(await ended).toBe(1)
})

test('settings that are wrong are named in one line, and it does not start', async () => {
  const { ended, lines } = run({ PORT: 'many', LOG_LEVEL: 'LOUD', EXAMPLE_PASSWORD: '' })
  expect(await ended).toBe(1)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({
    severity: 'EMERGENCY',
    message: expect.stringMatching(
      /^server did not start: PORT: .*; LOG_LEVEL: .*; EXAMPLE_PASSWORD: /,
    ),
  })
})

test('a taken port is said by the name of its setting', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { ended, lines } = run({ PORT: String(port) })
  expect(await ended).toBe(1)
  expect(lines.at(-1)?.message).toContain(`port ${port} is taken by another process; set PORT`)
  other.close()
})

test('an address that is not this machine’s is said by the name of its setting', async () => {
  const { ended, lines } = run({ HOST: '192.0.2.1' })
  expect(await ended).toBe(1)
  expect(lines.at(-1)).toMatchObject({
    severity: 'EMERGENCY',
    message: expect.stringMatching(/cannot listen on 192\.0\.2\.1, port 0: .*; set HOST or PORT$/),
  })
})

test('a secret that cannot be resolved stops the start, and names its variable', async () => {
  const { ended, lines } = run({ EXAMPLE_PASSWORD: 'secret://db' })
  expect(await ended).toBe(1)
  expect(lines[0]?.message).toContain('EXAMPLE_PASSWORD: it refers to a secret')
})

test('metrics are served where Prometheus expects them', async () => {
  const metricsPort = await freePort()
  const {
    line,
    process: child,
    ended,
  } = run({
    OBSERVABILITY_EXPORTER: 'prometheus',
    METRICS_PORT: String(metricsPort),
    METRICS_HOST: '127.0.0.1',
  })
  const url = String((await line('listens on')).message).replace(/.*listens on /, '')
  for (const path of ['/livez', '/chosen-by-client']) await (await fetch(url + path)).text()
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  expect(metrics).toMatch(
    /^en_server_requests_count_total\{.*route="\/livez",status="200",blame="NONE",result="OK".*\} 1$/m,
  )
  expect(metrics).toMatch(/route="unknown",status="404",blame="CLIENT",result="NOT_OK"/)
  expect(metrics).not.toContain('chosen-by-client')
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
