import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@ens/embedded-postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Service, startService } from './service.ts'

let home: string
let started: Service[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'service '))
})

afterEach(async () => {
  for (const service of started) await service.stop()
  started = []
  await rm(home, { recursive: true })
})

/** Runs a module as a service; it finds its port in PORT. */
async function start(code: string): Promise<{ service: Service; logFile: string }> {
  const entry = join(home, 'main.mjs')
  await writeFile(entry, code)
  const port = await freePort()
  const logFile = join(home, 'a service.log')
  const service = await startService({
    name: 'a service',
    entry,
    env: { PORT: String(port) },
    logFile,
    healthUrl: `http://127.0.0.1:${port}/health`,
  })
  started.push(service)
  return { service, logFile }
}

const HEALTHY = `
  import { createServer } from 'node:http'
  const server = createServer((request, response) => response.end('ok')).listen(process.env.PORT)
  process.on('SIGTERM', () => { console.log('drained'); process.exit(0) })`

test('a service is healthy once it answers, and drains when it is stopped', async () => {
  const { service, logFile } = await start(HEALTHY)
  await service.healthy()

  await service.stop()

  expect(await readFile(logFile, 'utf8')).toBe('drained\n')
})

test('a service that does not come up shows the end of its log', async () => {
  const { service } = await start(`console.log('DB_HOST: must be set'); process.exit(3)`)

  await expect(service.healthy()).rejects.toMatchObject({
    code: 'local_member_failed',
    message: expect.stringMatching(
      /exit code 3.*a service\.log, ends with:\nDB_HOST: must be set$/s,
    ),
  })
})

test('of structured log lines only severity and message are shown', async () => {
  const line = JSON.stringify({ severity: 'EMERGENCY', message: 'no database', stack: 'at …' })
  const { service } = await start(`console.log(${JSON.stringify(line)}); process.exit(1)`)

  await expect(service.healthy()).rejects.toThrow(/ends with:\nEMERGENCY no database$/)
})

test('a service that dies later says so by itself', async () => {
  const { service } = await start(`${HEALTHY}
    setTimeout(() => { console.log('out of memory'); process.exit(7) }, 50)`)
  await service.healthy()

  expect(await service.ended).toMatch(
    /^a service has ended by itself \(exit code 7\).*out of memory$/s,
  )
})

test('the log of the start before is kept beside the present one', async () => {
  const first = await start(`console.log('first'); process.exit(0)`)
  await first.service.ended
  const second = await start(`console.log('second'); process.exit(0)`)
  await second.service.ended

  expect(await readFile(second.logFile, 'utf8')).toBe('second\n')
  expect(await readFile(`${second.logFile}.1`, 'utf8')).toBe('first\n')
})
